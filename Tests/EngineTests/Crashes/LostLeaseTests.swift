import Countersign
import Engine
import Postgres
import Support
import Testing

/// Rows that a worker has leased and will never come to the end of.
@Suite(.database) struct LostLeaseTests {
    @Test func `a lease ends with the session that took it`() async throws {
        let site = try await Site.make()
        var portal = try await site.portal()
        var app = try await site.app()
        let (enrollment, transaction) = try await withWorker { _ in
            let enrollment = try await app.enroll("alice")
            return (enrollment, try await portal.issued())
        }
        let submission = try await app.run(
            SQL.submit, [.identifier(enrollment), .text(transaction.code), "accept"])[0].identifier(0)
        let pending = try await app.run(SQL.enroll, ["bob", "phone"])[0].identifier(0)
        do {
            let killed = try await Database.current.connect()
            let lease = "leased_until = now() + interval '1 hour', leased_by = \(killed.processID)"
            try await Database.current.arrange(
                """
                UPDATE countersign.validate_queue SET \(lease);
                UPDATE countersign.enrollments SET \(lease) WHERE status = 'pending';
                """)
            try await withWorker(stages: [.validate, .enroll]) { _ in
                // Others come after them and are served.
                let other = try await app.submit(enrollment, Code.invented(), "scan")
                #expect(other.reason == "unknown_code")
                #expect(try await app.run(SQL.result, [.identifier(submission)])[0].text(0) == "pending")
                #expect(try await app.run(SQL.enrollment, [.identifier(pending)])[0].text(0) == "pending")
                let lives = killed.isUsable
                #expect(lives)
            }
        }
        try await withWorker(stages: [.validate, .enroll]) { _ in
            #expect(try await app.outcome(submission).text(0) == "accepted")
            try await eventually("it is enrolled") {
                try await app.run(SQL.enrollment, [.identifier(pending)])[0].text(0) == "active"
            }
        }
    }

    /// As after two workers that were killed one after the other, by no fault of the row.
    @Test func `a row that two workers have not come to the end of is judged by a third that runs already`()
        async throws
    {
        let site = try await Site.make(signed: true)
        var portal = try await site.portal()
        var app = try await site.app()
        let (phone, code) = try await withWorkerLogin { _ in
            (try await SQLPhone.enroll("alice", &app), try await portal.issued().code)
        }
        let sent = try phone.submission(.accept, code)
        let submission = try await app.run(SQL.submitText, sent.parameters)[0].identifier(0)
        let killed = try await Database.current.connect()
        try await Database.current.arrange(
            """
            UPDATE countersign.validate_queue
            SET leases = 2, leased_until = now() + interval '1 hour', leased_by = \(killed.processID)
            """)
        try await withWorker(stages: [.validate]) { _ in
            let other = try await app.submit(phone.submission(.scan, Code.invented()))
            #expect(other.reason == "unknown_code")
            try await Database.current.arrange("UPDATE countersign.validate_queue SET leased_until = now()")
            #expect(try await app.outcome(submission).text(0) == "accepted")
        }
        let lives = killed.isUsable
        #expect(lives)
    }
}
