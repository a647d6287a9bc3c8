import Countersign
@testable import Engine
import Postgres
import Support
import Testing

/// A request ends once. Whether an answer or an expiry comes in time is tested where it is written, by the
/// database's clock.
@Suite(.database) struct EndTests {
    private static let ends = ["authenticated", "denied", "expired", "cancelled", "failed"]

    private func end(_ id: Identifier, _ end: String) async throws -> Bool {
        var owner = try await Database.current.connect()
        let sql = "SELECT count(*) FROM countersign.end_requests(ARRAY[$1::uuid], ARRAY[$2])"
        return try await owner.run(Statement("end", sql), [.identifier(id), .text(end)])[0].int(0) == 1
    }

    @Test(arguments: ends) func `what has ended ends no more`(first: String) async throws {
        let site = try await Site.make()
        var portal = try await site.portal()
        let id = try await portal.request()
        if first == "expired" { try await Database.current.makeDue(id) }
        #expect(try await end(id, first))
        for second in Self.ends { #expect(try await !end(id, second)) }
        #expect(try await !portal.cancel(id))
        #expect(try await portal.status(id) == first)
        let counts = try await Database.current.rowCounts()
        for table in ["webhook_deliveries", "dispatch_queue"] { #expect(counts[table] == 1, "\(table)") }
        var owner = try await Database.current.connect()
        let ends = "SELECT count(*) FROM countersign.events WHERE transaction_id IS NOT NULL"
        #expect(try await owner.execute(ends)[0].int(0) == 1)
    }

    @Test func `nothing expires before its time, and no answer counts after it`() async throws {
        let site = try await Site.make()
        var portal = try await site.portal()
        let id = try await portal.request()
        #expect(try await !end(id, "expired"))
        try await Database.current.makeDue(id)
        #expect(try await !end(id, "authenticated"))
        #expect(try await !end(id, "denied"))
        #expect(try await portal.status(id) == "requested")
        #expect(try await end(id, "expired"))
    }

    /// The verdict was reached in time, and is written too late.
    @Test(arguments: ["scan", "authenticated", "denied"])
    func `a verdict that is written after expires_at changes nothing`(effect: String) async throws {
        let site = try await Site.make()
        var portal = try await site.portal()
        var app = try await site.app()
        let (enrollment, transaction, submission) = try await withWorkerLogin(stages: [.enroll, .issue]) {
            _ in
            let enrollment = try await app.enroll("alice")
            let (transaction, code) = try await portal.issued()
            let values: [Parameter] = [.identifier(enrollment), .text(code), "accept"]
            return (enrollment, transaction, try await app.run(SQL.submit, values)[0].identifier(0))
        }
        try await Database.current.makeDue(transaction)
        var owner = try await Database.current.connect()
        var verdicts = VerdictColumns()
        (verdicts.submissions, verdicts.transactions) = ([submission], [transaction])
        (verdicts.enrollments, verdicts.effects, verdicts.prompts) = ([enrollment], [effect], ["prompt"])
        (verdicts.reasons, verdicts.fingerprints) = ([nil], [nil])
        (verdicts.signed, verdicts.details) = ([nil], [nil])
        try await owner.run(WriteVerdicts(verdicts: verdicts, days: .recent))
        let row = try await app.run(SQL.result, [.identifier(submission)])[0]
        #expect(try row.text(0) == "rejected")
        #expect(try row.optionalText(1) == "expired")
        #expect(try row.optionalText(2) == nil)
        #expect(try await portal.status(transaction) == "issued")
        #expect(try await Database.current.rowCounts()["webhook_deliveries"] == 0)
    }
}
