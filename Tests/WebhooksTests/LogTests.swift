import Postgres
import Support
import Testing

/// What the log tells of a delivery.
@Suite(.database) struct LogTests {
    private let site = WebhookSite()

    private func lines(_ parts: String...) -> [String] {
        LogCapture.current.lines.filter { line in parts.allSatisfy { line.contains($0) } }
    }

    @Test func `each attempt names its request, its portal and its trace`() async throws {
        let trace = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
        try await Receiver.run { index, _ in
            .status(index == 0 ? 500 : 404)
        } _: { receiver in
            let id = try await site.endedRequest(receiver.address)
            var superuser = try await Database.current.connectAsSuperuser()
            try await superuser.run(
                Statement("trace", "UPDATE countersign.auth_requests SET traceparent = $1"), [.text(trace)])
            try await site.dispatching { _ in _ = try await site.delivery(id, "dead") }
            #expect(receiver.received.allSatisfy { $0.header("traceparent") == trace })
            let names = [
                "transaction_id=\(id)", "portal=acme", "stage=dispatch",
                "trace_id=4bf92f3577b34da6a3ce929d0e0e4736",
                "span_id=00f067aa0ba902b7", "worker=", " ms=", "error=status",
            ]
            let first = lines("debug test: webhook attempted", "attempt=1", "outcome=retry", "status=500")
            let last = lines("notice test: webhook given up", "attempt=2", "outcome=dead", "status=404")
            #expect(first.count == 1 && last.count == 1)
            for name in names { #expect((first + last).allSatisfy { $0.contains(name) }, "\(name)") }
            #expect(lines("batch done", "transaction_id=\(id)", "rows=1").count == 2)
        }
    }
}
