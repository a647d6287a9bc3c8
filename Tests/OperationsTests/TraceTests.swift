import Countersign
import Postgres
import Support
import Testing

/// What a portal's call was part of stays with its request (W3C Trace Context).
@Suite(.database) struct TraceTests {
    private let insert = Statement(
        "insert traced",
        """
        INSERT INTO countersign.auth_requests (auth_type, callback_uri, traceparent)
        VALUES ('qr-code', 'http://127.0.0.1:9/cb', $1) RETURNING transaction_id
        """)

    @Test(arguments: [
        ("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01", true),
        ("00-00000000000000000000000000000000-00f067aa0ba902b7-01", false),
        ("00-4bf92f3577b34da6a3ce929d0e0e4736-0000000000000000-01", false),
        ("ff-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01", false),
        ("00-4BF92F3577B34DA6A3CE929D0E0E4736-00F067AA0BA902B7-01\r\nx: y", false), ("", false),
    ])
    func `one that is none is ignored`(traceparent: String, isKept: Bool) async throws {
        let site = try await ConsolePortal.make()
        var portal = try await site.portal()
        let id = try await portal.run(insert, [.text(traceparent)])[0].identifier(0)
        var owner = try await Database.current.connect()
        let kept = Statement(
            "kept", "SELECT traceparent FROM countersign.auth_requests WHERE transaction_id = $1")
        #expect(
            try await owner.run(kept, [.identifier(id)])[0].optionalText(0) == (isKept ? traceparent : nil))
    }
}
