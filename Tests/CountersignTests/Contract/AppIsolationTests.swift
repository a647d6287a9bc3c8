import Countersign
import Postgres
import Support
import Testing

/// One app knows the ids of another's enrollments and submissions, and can do nothing with them.
@Suite(.database) struct AppIsolationTests {
    @Test func `another app's rows look as if they did not exist`() async throws {
        let (one, other) = (try await Site.make("acme"), try await Site.make("other"))
        var victim = try await one.app()
        var intruder = try await other.app()
        let enrollment = try await victim.run(SQL.enroll, ["alice", "phone"])[0].identifier(0)
        let values: [Parameter] = [.identifier(enrollment), .text(Code.invented()), "scan"]
        let submission = try await victim.run(SQL.submit, values)[0].identifier(0)
        for sql in [
            "SELECT enrollment_id FROM countersign.enrollments",
            "SELECT enrollment_id FROM countersign.enrollment_results",
        ] {
            #expect(try await victim.execute(sql).map { try $0.identifier(0) } == [enrollment])
            #expect(try await intruder.execute(sql).isEmpty)
        }
        for sql in [
            "SELECT submission_id FROM countersign.submissions",
            "SELECT submission_id FROM countersign.submission_results",
        ] {
            #expect(try await victim.execute(sql).map { try $0.identifier(0) } == [submission])
            #expect(try await intruder.execute(sql).isEmpty)
        }
        let foreign = try await intruder.refusal(of: SQL.outcome, [.identifier(submission)])
        let unknown = try await intruder.refusal(of: SQL.outcome, [.identifier(.random())])
        #expect(foreign?.state == "CS003" && foreign?.message == unknown?.message)
    }

    @Test func `an app cannot answer with another app's enrollment`() async throws {
        let (one, other) = (try await Site.make("acme"), try await Site.make("other"))
        try await withWorkerLogin { _ in
            var portal = try await one.portal()
            var app = try await one.app()
            var intruder = try await other.app()
            let enrollment = try await app.enroll("alice")
            let (transaction, code) = try await portal.issued()
            for action in ["scan", "accept", "deny"] {
                let answer = try await intruder.submit(enrollment, code, action)
                #expect(answer.result == "rejected" && answer.reason == "not_enrolled", "\(action)")
            }
            #expect(try await portal.status(transaction) == "issued")
            // nor do its wrong codes count against the victim
            for _ in 0..<12 { _ = try await intruder.submit(enrollment, Code.invented(), "scan") }
            #expect(try await app.submit(enrollment, code, "accept").result == "accepted")
        }
    }

    /// The database sets app_id: the same user and device of two apps are two enrollments.
    @Test func `the same user and device of two apps do not replace each other`() async throws {
        let (one, other) = (try await Site.make("acme"), try await Site.make("other"))
        try await withWorkerLogin { _ in
            var app = try await one.app()
            var second = try await other.app()
            let mine = try await app.enroll("alice", "phone")
            _ = try await second.enroll("alice", "phone")
            #expect(try await app.run(SQL.enrollment, [.identifier(mine)])[0].text(0) == "active")
        }
    }

    @Test func `a login of the group that is no app's gets nothing, and its code stays unsaid`() async throws
    {
        _ = try await Site.make()
        let login = try await Database.current.makeLogin("nobodys", in: .app)
        var stray = try await Database.current.connect(as: login)
        #expect(try await stray.execute("SELECT countersign.app_channel() IS NULL")[0].bool(0))
        let code = Code.invented()
        let values: [Parameter] = [.identifier(.random()), .text(code), "scan"]
        let error = try #require(try await stray.refusal(of: SQL.submit, values))
        #expect(error.state == "CS008" && !"\(error)".contains(code))
        #expect(try await stray.refusal(of: SQL.enroll, ["alice", "phone"])?.state == "CS008")
    }
}
