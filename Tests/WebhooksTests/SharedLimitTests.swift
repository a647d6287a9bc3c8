import Postgres
import Support
import Testing
import Webhooks

/// What SQL and Swift both write down is the same.
@Suite(.database) struct SharedLimitTests {
    @Test(arguments: [2_048, 2_049]) func `an address may be as long for a portal as for the worker`(
        length: Int
    )
        async throws
    {
        let start = "https://acme.example/"
        let address = start + String(repeating: "a", count: length - start.utf8.count)
        var owner = try await Database.current.connect()
        let question = Statement("callback uri", "SELECT countersign.is_callback_uri($1)")
        let isAccepted = try await owner.run(question, [.text(address)])[0].bool(0)
        #expect(isAccepted == (length == 2_048))
        #expect(((try? CallbackAddress(address)) != nil) == isAccepted)
    }
}
