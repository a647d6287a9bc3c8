import Countersign
import Engine
import Postgres
import Support
import Testing

/// An app and each device have a bounded number of submissions that wait.
@Suite(.database) struct SubmissionLimitTests {
    private let results = Statement(
        "results",
        """
        SELECT count(*) FILTER (WHERE result = 'pending'), count(*) FILTER (WHERE reason = 'too_many_waiting'),
               max(detail) FROM countersign.submission_results
        """)

    private func submissions(_ count: Int, of enrollment: String) -> String {
        """
        INSERT INTO countersign.submissions (enrollment_id, otp, action)
        SELECT \(enrollment), '\(Code.invented())', 'scan' FROM generate_series(1, \(count))
        """
    }

    private func setting(_ column: String, to value: Int) async throws {
        try await Database.current.arrange("UPDATE countersign.apps SET \(column) = \(value)")
    }

    @Test
    func `of a user whose submissions were malformed nothing more is looked at, and of others everything`()
        async throws
    {
        let (site, other) = (try await Site.make(), try await Site.make("globex"))
        var app = try await site.app()
        var neighbour = try await other.app()
        try await setting("max_malformed_per_user", to: 3)
        try await withWorkerLogin(stages: [.enroll]) { _ in
            let (first, second) = (try await app.enroll("alice", "one"), try await app.enroll("alice", "two"))
            let bob = try await app.enroll("bob")
            func send(_ otp: String, _ enrollment: Identifier, _ app: inout Connection) async throws
                -> String?
            {
                try await app.execute(
                    """
                    INSERT INTO countersign.submissions (enrollment_id, otp, action)
                    VALUES ('\(enrollment)', '\(otp)', 'scan') RETURNING reason
                    """)[0].optionalText(0)
            }
            let code = Code.invented()
            for enrollment in [first, second, first] {
                #expect(try await send("x", enrollment, &app) == "malformed")
            }
            for enrollment in [first, second] {
                #expect(try await send("x", enrollment, &app) == "too_many_malformed")
                #expect(try await send(code, enrollment, &app) == "too_many_malformed")
            }
            // Nor is a device refused that has sent none within ten minutes.
            let third = try await app.enroll("alice", "three")
            try await Database.current.arrange(
                """
                INSERT INTO countersign.submissions (submission_id, submitted_at, resolved_at, app_id, status, reason,
                                                     enrollment_id, enrollment, action)
                SELECT countersign.uuid_floor(t.at), t.at, t.at, a.app_id, 'rejected', 'malformed',
                       '\(third)', '\(third)', 'scan'
                FROM (SELECT now() - interval '11 min' AS at) AS t, countersign.enrollments a
                WHERE a.enrollment_id = '\(third)'
                """)
            #expect(try await send(code, third, &app) == nil)
            #expect(try await send("x", third, &app) == "malformed")
            #expect(try await send(code, third, &app) == "too_many_malformed")
            #expect(try await send(code, bob, &app) == nil)
            #expect(try await send("x", bob, &app) == "malformed")
            #expect(try await send(code, first, &neighbour) == nil)
            // Ten minutes later, nothing is counted any more: what was refused was not malformed.
            try await Database.current.arrange("UPDATE countersign.apps SET max_malformed_per_user = 5")
            #expect(try await send(code, first, &app) == nil)
        }
    }

    @Test func `what a device sends beyond its limit is rejected, and others are not`() async throws {
        let site = try await Site.make()
        var app = try await site.app()
        try await setting("max_waiting_per_device", to: 3)
        try await app.execute(submissions(5, of: "'\(Identifier.random())'"))
        let row = try await app.run(results)[0]
        #expect(try row.int(0) == 3 && row.int(1) == 2)
        #expect(try row.text(2) == "3 submissions of this device wait to be judged, which is the limit")
        try await app.execute(submissions(1, of: "'\(Identifier.random())'"))
        #expect(try await app.run(results)[0].int(0) == 4)
    }

    /// What is judged makes room.
    @Test func `an app beyond its limit is told so, until less waits`() async throws {
        let site = try await Site.make()
        let other = try await Site.make("globex")
        var app = try await site.app()
        var neighbour = try await other.app()
        try await setting("max_waiting", to: 10)
        try await app.execute(submissions(10, of: "gen_random_uuid()"))
        let isOver = "SELECT count(*) FROM countersign.apps WHERE over_limit"
        let login = try await Database.current.makeLogin("worker", in: .worker)
        let options = Database.current.options(login: login)
        try await withWorker(stages: [.housekeep], options: options) { _ in
            try await Database.current.wait(until: isOver, is: 1)
            try await app.execute(submissions(1, of: "gen_random_uuid()"))
            let row = try await app.run(results)[0]
            #expect(try row.int(0) == 10 && row.int(1) == 1)
            #expect(try row.text(2) == "10 submissions of this app wait to be judged, which is the limit")
            try await neighbour.execute(submissions(1, of: "gen_random_uuid()"))
            #expect(try await neighbour.run(results)[0].int(0) == 1)
        }
        try await withWorker(stages: [.housekeep, .validate], options: options) { _ in
            try await Database.current.wait(until: isOver, is: 0)
            try await app.execute(submissions(1, of: "gen_random_uuid()"))
            #expect(try await app.run(results)[0].int(1) == 1)
        }
    }

    @Test func `one statement cannot pass an app's limit`() async throws {
        let site = try await Site.make()
        var app = try await site.app()
        try await setting("max_waiting", to: 100)
        try await app.execute(submissions(1_000, of: "gen_random_uuid()"))
        let row = try await app.run(results)[0]
        #expect(try row.int(0) == 100 && row.int(1) == 900)
    }

    /// Ids of enrollments are no secret.
    @Test func `an app that names another's device takes none of its places`() async throws {
        let site = try await Site.make()
        let other = try await Site.make("globex")
        try await setting("max_waiting_per_device", to: 3)
        let device = "'\(Identifier.random())'"
        var hostile = try await other.app()
        try await hostile.execute(submissions(5, of: device))
        var app = try await site.app()
        try await app.execute(submissions(3, of: device))
        #expect(try await app.run(results)[0].int(0) == 3)
    }
}
