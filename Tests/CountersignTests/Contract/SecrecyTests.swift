import Countersign
import Postgres
import Support
import Testing

/// After its collection a code is nowhere: not in a table, not in the planner's statistics, not in a log, not
/// in a notification.
@Suite(.database) struct SecrecyTests {
    @Test func `no trace of a code after a sign-in`() async throws {
        let site = try await Site.make()
        let serverLog = try await ServerLog.begin()
        var ears = try await Database.current.eavesdropper()
        var codes: [Code] = []
        try await withWorkerLogin { _ in
            var portal = try await site.portal()
            var app = try await site.app()
            let enrollment = try await app.enroll("alice")
            for actions in [["scan", "accept"], ["deny"], ["accept"], ["scan"], []] {
                if codes.count == 1 { try await interruptWorker() }
                let code = try await portal.issued().code
                codes.append(try #require(Code(code)))
                for action in actions {
                    #expect(try await app.submit(enrollment, code, action).result == "accepted")
                    _ = try await app.submit(.random(), code, action)
                }
            }
            let wrong = Code.invented()
            codes.append(try #require(Code(wrong)))
            #expect(try await app.submit(enrollment, wrong, "scan").result == "rejected")
        }
        let stored = try await Database.current.everythingStored()
        #expect(stored.contains("authenticated") && stored.contains("alice"))
        try expectNoTrace(of: codes, in: stored, "what is stored")

        let heard = try await ears.notifications(until: .now + .seconds(1)).map {
            "\($0.channel) \($0.payload)"
        }
        #expect(heard.contains { $0.contains("authenticated") })
        try expectNoTrace(of: codes, in: heard.joined(separator: "\n"), "notifications")
        #expect(LogCapture.current.text.contains("connection lost"))
        try expectNoTrace(of: codes, in: LogCapture.current.text, "the worker's log")
        try expectNoTrace(of: codes, in: try await serverLog.read(), "the server's log")
    }

    /// So that it has something to log.
    private func interruptWorker() async throws {
        try await Database.current.arrangeAsSuperuser(
            """
            SELECT pg_terminate_backend(pid) FROM pg_stat_activity
            WHERE datname = current_database() AND application_name IN ('countersign issue', 'countersign validate')
            """)
    }

    private func expectNoTrace(of codes: [Code], in text: String, _ place: Comment) throws {
        #expect(codes.flatMap { $0.found(in: text) } == [], place)
    }

    /// A sample that ANALYZE took would outlive the collection.
    @Test func `the planner's statistics sample no secrets`() async throws {
        let site = try await Site.make()
        try await withWorkerLogin(stages: [.issue]) { _ in
            var portal = try await site.portal()
            try await portal.execute(
                """
                INSERT INTO countersign.auth_requests (auth_type, callback_uri)
                SELECT 'qr-code', '\(Site.callback)' FROM generate_series(1, 50)
                """)
            try await eventually("all are issued") {
                try await Database.current.rowCounts()["otp_secrets"] == 50
            }
        }
        var superuser = try await Database.current.connectAsSuperuser()
        try await superuser.execute("ANALYZE")
        let sampled = """
            SELECT count(*) FILTER (WHERE attname = 'secret'), count(*) FROM pg_stats
            WHERE schemaname = 'countersign' AND tablename = 'otp_secrets'
            """
        let row = try await superuser.execute(sampled)[0]
        #expect(try row.int(0) == 0)
        #expect(try row.int(1) > 0)
    }

    /// Errors of the worker's statements name no values.
    @Test func `a batch that fails says nothing of the secrets it was about to store`() async throws {
        let site = try await Site.make()
        try await Database.current.arrange(
            "ALTER TABLE countersign.otp_secrets ADD CONSTRAINT none CHECK (false) NOT VALID")
        var portal = try await site.portal()
        let id = try await portal.request()
        try await withWorkerLogin(stages: [.issue]) { _ in
            try await eventually("it has failed alone") {
                LogCapture.current.text.contains("row failed")
            }
        }
        let log = LogCapture.current.text
        #expect(log.contains("transaction_id=\(id)") && log.contains("[23514]"))
        #expect(!log.contains("\\x") && !log.contains("Failing row"))
        #expect(log.matches(of: /[0-9a-f]{64}/).isEmpty)
        #expect(try await portal.status(id) == "requested")
    }

    /// The one place where it exists in the clear is the table that collecting empties.
    @Test func `before its collection a secret is in otp_secrets alone`() async throws {
        let site = try await Site.make()
        try await withWorkerLogin(stages: [.issue]) { _ in
            var portal = try await site.portal()
            let id = try await portal.request()
            try await portal.waitUntilIssued(id)
            let stored = try await Database.current.everythingStored()
            let text = try await portal.collect(id) ?? ""
            let code = try #require(Code(text))
            let lines = stored.split(separator: "\n").filter { !code.found(in: String($0)).isEmpty }
            #expect(lines.count == 1 && lines[0].hasPrefix("otp_secrets: "))
        }
    }
}
