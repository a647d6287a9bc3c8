import Engine
import Postgres
import Support
import Testing

/// The stages' own claims go round the lanes, on the database.
@Suite(.database) struct RoundRobinTests {
    /// More portals with work than a batch has places: each batch starts after the lane served last.
    @Test func `issue serves the portals in turn when they are more than a batch holds`() async throws {
        let site = try await Site.make()
        try await Database.current.arrange(
            """
            INSERT INTO countersign.portals (portal_id, login, name, display_name, signing_secret)
            SELECT 1000 + n, 'login' || n, 'portal' || n, 'P', '' FROM generate_series(1, 20) n;
            INSERT INTO countersign.callback_urls (portal_id, url)
            SELECT portal_id, '\(Site.callback)' FROM countersign.portals WHERE portal_id > 1000;
            INSERT INTO countersign.auth_requests (portal_id, auth_type, callback_uri)
            SELECT 1000 + n, 'qr-code', '\(Site.callback)' FROM generate_series(1, 20) n, generate_series(1, 3)
            """)
        #expect(site.portalID < 1000)
        var connection = try await Connection.open(try await Database.current.stageOptions())
        var stage = IssueStage()
        var served: [Int32] = []
        for _ in 0..<7 {
            _ = try await stage.runBatch(&connection, prelude: [], limit: 6)
            served.append(stage.lanes.lastServed - 1000)
        }
        #expect(served == [6, 12, 18, 4, 10, 16, 2])
    }

    @Test func `validate and enroll do the same with apps`() async throws {
        _ = try await Site.make()
        try await Database.current.arrange(
            """
            INSERT INTO countersign.apps (app_id, login, name)
            SELECT 1000 + n, 'login' || n, 'app' || n FROM generate_series(1, 20) n;
            INSERT INTO countersign.submissions (app_id, enrollment_id, otp, action)
            SELECT 1000 + n, gen_random_uuid(), '\(Code.invented())', 'scan'
            FROM generate_series(1, 20) n, generate_series(1, 3);
            INSERT INTO countersign.enrollments (app_id, user_id, device_id)
            SELECT 1000 + n, 'user' || m, 'phone' FROM generate_series(1, 20) n, generate_series(1, 3) m
            """)
        var connection = try await Connection.open(try await Database.current.stageOptions())
        var validate = ValidateStage(try CryptoThreads(size: 1), .ofTests)
        var enroll = EnrollStage(try CryptoThreads(size: 1), .ofTests)
        var served: [[Int32]] = [[], []]
        for _ in 0..<7 {
            _ = try await validate.runBatch(&connection, prelude: [], limit: 6)
            served[0].append(validate.lanes.lastServed - 1000)
            _ = try await enroll.runBatch(&connection, prelude: [], limit: 6)
            served[1].append(enroll.lanes.lastServed - 1000)
        }
        #expect(served == [[6, 12, 18, 4, 10, 16, 2], [6, 12, 18, 4, 10, 16, 2]])
    }

    @Test func `within a lane the oldest come first`() async throws {
        let site = try await Site.make()
        var portal = try await site.portal()
        let rows = try await portal.execute(
            """
            INSERT INTO countersign.auth_requests (auth_type, callback_uri)
            SELECT 'qr-code', '\(Site.callback)' FROM generate_series(1, 40) RETURNING transaction_id
            """)
        let ids = try rows.map { try $0.identifier(0) }.sorted()
        var connection = try await Connection.open(try await Database.current.stageOptions())
        var stage = IssueStage()
        _ = try await stage.runBatch(&connection, prelude: [], limit: 10)
        let issued = "SELECT transaction_id FROM countersign.auth_results WHERE status = 'issued' ORDER BY 1"
        #expect(try await portal.execute(issued).map { try $0.identifier(0) } == Array(ids.prefix(10)))
    }
}
