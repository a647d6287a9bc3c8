import Countersign
import Postgres
import Support
import Testing

/// `await_otp` and `await_submission`: what they refuse, and when they return.
@Suite(.database) struct AwaitTests {
    private static let calls = ["await_otp", "await_submission"]

    private func call(_ function: String, _ timeout: String = "'10 s'") -> Statement {
        Statement("\(function) \(timeout)", "SELECT countersign.\(function)($1, \(timeout))")
    }

    /// A waiting row of the portal's or the app's, committed, and a session of the login that has it.
    private func waiting(_ function: String, _ site: Site) async throws -> (
        id: Identifier, login: TestLogin
    ) {
        guard function == "await_submission" else {
            var portal = try await site.portal()
            return (try await portal.request(), site.portalLogin)
        }
        var app = try await site.app()
        return (try await insert(function, &app), site.appLogin)
    }

    private func insert(_ function: String, _ session: inout Connection) async throws -> Identifier {
        guard function == "await_submission" else { return try await session.request() }
        let values: [Parameter] = [.identifier(.random()), .text(Code.invented()), "scan"]
        return try await session.run(SQL.submit, values)[0].identifier(0)
    }

    @Test(arguments: calls) func `a timeout must lie between 0 and 10 seconds`(function: String) async throws
    {
        let (id, login) = try await waiting(function, Site.make())
        var session = try await Database.current.connect(as: login)
        for timeout in ["NULL", "'-1 us'", "'-1 day'", "'10.000001 s'", "'1 month'", "'-1 month 40 days'"] {
            let error = try await session.refusal(of: call(function, timeout), [.identifier(id)])
            #expect(error?.state == "CS003", "\(timeout)")
            #expect(error?.message == "timeout must lie between 0 and 10 seconds")
        }
        #expect(try await session.refusal(of: call(function, "'0'"), [.identifier(id)]) == nil)
    }

    @Test(arguments: calls) func `it needs READ COMMITTED`(function: String) async throws {
        let (id, login) = try await waiting(function, Site.make())
        var session = try await Database.current.connect(as: login)
        for level in ["REPEATABLE READ", "SERIALIZABLE"] {
            try await session.execute("BEGIN ISOLATION LEVEL \(level)")
            let error = try await session.refusal(of: call(function), [.identifier(id)])
            #expect(error?.state == "CS003" && error?.message.contains("READ COMMITTED") == true)
            try await session.execute("ROLLBACK")
        }
        try await session.execute("BEGIN ISOLATION LEVEL READ UNCOMMITTED; COMMIT; BEGIN")
        #expect(try await session.refusal(of: call(function, "'1 ms'"), [.identifier(id)]) == nil)
    }

    static let ownTransactions = [
        ("", ""), ("SAVEPOINT a", ""), ("SAVEPOINT a", "RELEASE a"), ("SAVEPOINT a; SAVEPOINT b", ""),
        ("SAVEPOINT a; SAVEPOINT b", "RELEASE b"), ("SAVEPOINT a; SAVEPOINT b", "RELEASE b; SAVEPOINT c"),
        ("SAVEPOINT a", "SAVEPOINT b; CREATE TEMP TABLE t (); ROLLBACK TO b"),
    ]

    @Test(arguments: calls) func `it refuses what its own transaction has inserted`(function: String)
        async throws
    {
        let site = try await Site.make()
        let (_, login) = try await waiting(function, site)
        let database = Database.current
        try await database.arrangeAsSuperuser("GRANT TEMP ON DATABASE \(database.name) TO \(login.name)")
        var session = try await database.connect(as: login)
        for (before, after) in Self.ownTransactions {
            try await session.execute("BEGIN; \(before)")
            let id = try await insert(function, &session)
            try await session.execute(after)
            let error = try await session.refusal(of: call(function), [.identifier(id)])
            #expect(error?.state == "CS003", "\(before); \(after)")
            #expect(error?.message.contains("commit it first") == true)
            try await session.execute("ROLLBACK")
        }
    }

    /// A row of somebody who began later is not taken for one's own, nor one of before.
    @Test(arguments: calls) func `it waits for what others have inserted`(function: String) async throws {
        let site = try await Site.make()
        let (before, login) = try await waiting(function, site)
        var session = try await Database.current.connect(as: login)
        try await session.execute("BEGIN")
        _ = try await insert(function, &session)
        try await session.execute("SAVEPOINT a")
        _ = try await insert(function, &session)
        let (after, _) = try await waiting(function, site)
        for id in [before, after] {
            #expect(try await session.refusal(of: call(function, "'5 ms'"), [.identifier(id)]) == nil)
        }
    }

    @Test func `an unknown id is refused at once`() async throws {
        let site = try await Site.make()
        var portal = try await site.portal()
        var app = try await site.app()
        let start = ContinuousClock.now
        #expect(try await portal.refusal(of: call("await_otp"), [.identifier(.random())])?.state == "CS006")
        #expect(try await portal.refusal(of: call("await_otp"), [.null])?.state == "CS006")
        #expect(
            try await app.refusal(of: call("await_submission"), [.identifier(.random())])?.state == "CS003")
        #expect(try await app.refusal(of: call("await_submission"), [.null])?.state == "CS003")
        #expect(.now - start < .seconds(10))
    }

    @Test func `without a worker they wait as long as they were told`() async throws {
        let site = try await Site.make()
        for (function, answer) in [("await_otp", nil), ("await_submission", "pending")] {
            let (id, login) = try await waiting(function, site)
            var session = try await Database.current.connect(as: login)
            let start = ContinuousClock.now
            let sql = function == "await_otp" ? "SELECT" : "SELECT result FROM"
            let statement = Statement(function, "\(sql) countersign.\(function)($1, '300 ms')")
            let row = try await session.run(statement, [.identifier(id)])[0]
            #expect(try row.optionalText(0) == answer)
            #expect((.milliseconds(300)..<(.seconds(10))).contains(.now - start))
        }
    }

    /// Also when the wait had begun before the worker did anything.
    @Test func `they return as soon as there is an answer`() async throws {
        let site = try await Site.make()
        let (transaction, _) = try await waiting("await_otp", site)
        let (submission, _) = try await waiting("await_submission", site)
        var portal = try await site.portal()
        var app = try await site.app()
        /// Whether it was so a moment ago. Who does not notice returns when its 10 s are over.
        func isNew(_ time: String, of row: String) async throws -> Bool {
            try await Database.current.count(
                "SELECT (clock_timestamp() - \(time) < interval '8 s')::integer FROM countersign.\(row)") == 1
        }
        try await withWorkerLogin { _ in
            let code = try await portal.code(transaction)
            #expect(code.utf8.count == 64)
            #expect(try await isNew("issued_at", of: "auth_requests WHERE transaction_id = '\(transaction)'"))
            let row = try await app.outcome(submission)
            #expect(try row.text(0) == "rejected")
            #expect(try await isNew("resolved_at", of: "submissions WHERE submission_id = '\(submission)'"))
        }
    }

    @Test func `await_otp returns NULL at once when there will be no code`() async throws {
        let site = try await Site.make()
        try await withWorkerLogin { _ in
            var portal = try await site.portal()
            let (collected, _) = try await portal.issued()
            let cancelled = try await portal.request()
            #expect(try await portal.cancel(cancelled))
            let expired = try await portal.request()
            try await portal.waitUntilIssued(expired)
            try await Database.current.makeDue(expired)
            let start = ContinuousClock.now
            for id in [collected, cancelled, expired] {
                #expect(try await portal.run(SQL.await_, [.identifier(id)])[0].optionalText(0) == nil)
            }
            #expect(.now - start < .seconds(10))
        }
    }

    /// What is locked in a transaction stays locked until its end: whoever waits leaves, and whoever comes locks nothing.
    @Test(arguments: calls) func `it makes way for a migration`(function: String) async throws {
        let site = try await Site.make()
        let (id, login) = try await waiting(function, site)
        var owner = try await Database.current.connect()
        let options = Database.current.options(login: login)
        let statement = call(function)
        async let left: Void = {
            var session = try await Connection.open(options)
            try await session.run(statement, [.identifier(id)])
        }()
        let sleeping =
            "SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'PgSleep' AND datname = current_database()"
        try await Database.current.wait(until: sleeping, is: 1)
        try await owner.execute("UPDATE countersign.schema_turn SET wants_until = 'infinity'")
        try await left

        async let came: Void = {
            var session = try await Connection.open(options)
            try await session.run(statement, [.identifier(id)])
        }()
        try await Database.current.wait(until: sleeping, is: 1)
        try await owner.execute(
            """
            BEGIN; LOCK TABLE countersign.auth_requests, countersign.submissions IN ACCESS EXCLUSIVE MODE NOWAIT; COMMIT;
            UPDATE countersign.schema_turn SET wants_until = '-infinity';
            DELETE FROM countersign.issue_queue; DELETE FROM countersign.validate_queue
            """)
        try await came
    }

    @Test func `await_otp returns early when the request ends meanwhile`() async throws {
        let site = try await Site.make()
        var portal = try await site.portal()
        let id = try await portal.request()
        let options = Database.current.options(login: site.portalLogin)
        async let code: String? = {
            var other = try await Connection.open(options)
            return try await other.run(SQL.await_, [.identifier(id)])[0].optionalText(0)
        }()
        var superuser = try await Database.current.connectAsSuperuser()
        try await eventually("it waits") {
            let sleeping =
                "SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'PgSleep' AND datname = current_database()"
            return try await superuser.execute(sleeping)[0].int(0) == 1
        }
        let start = ContinuousClock.now
        #expect(try await portal.cancel(id))
        #expect(try await code == nil)
        #expect(.now - start < .seconds(8))
    }
}
