import Countersign
import Postgres
import Support
import Testing

/// Ending requests costs what their number asks for, whatever else is open and whatever statistics believe.
@Suite(.database) struct EndCostTests {
    private static let others = 100_000
    /// Pages a request: its row and index, the delivery, the queue, the event, the code.
    private static let pages = 100

    /// Of a day on which nothing was open when it was analysed, and everything is now.
    private func fill() async throws {
        var superuser = try await Database.current.connectAsSuperuser()
        try await superuser.execute("SET session_replication_role = replica")
        try await superuser.execute(
            """
            INSERT INTO countersign.auth_requests (requested_at, expires_at, resolved_at, portal_id, status, auth_type,
                                                   method, callback_uri, message)
            SELECT now(), now(), now(), 1, 'expired', 'qr-code', 'otp', 'https://acme.example/cb', 'Sign in'
            FROM generate_series(1, 10000);
            ANALYZE countersign.auth_requests;
            ANALYZE countersign.otp_secrets;
            WITH made AS (
                INSERT INTO countersign.auth_requests (requested_at, expires_at, open_until, portal_id, status,
                                                       auth_type, method, callback_uri, message)
                SELECT now(), now(), now(), 1, 'issued', 'qr-code', 'otp', 'https://acme.example/cb', 'Sign in'
                FROM generate_series(1, \(Self.others)) RETURNING transaction_id
            )
            INSERT INTO countersign.otp_secrets (transaction_id, expires_at, portal_id, secret)
            SELECT transaction_id, now(), 1, sha256(uuid_send(transaction_id)) FROM made
            """)
    }

    @Test func `five hundred, and one, beside a hundred thousand`() async throws {
        _ = try await Site.make()
        try await fill()
        var session = try await ExplainingSession.open(isNested: false)
        // The first reads the catalogs and plans: pages that nobody pays for twice.
        for (count, catalogs) in [(1, 100_000), (500, 300), (1, 300)] {
            let most = count * Self.pages + catalogs
            let cost = try await session.cost(
                of: """
                    SELECT * FROM countersign.end_requests(
                        ARRAY(SELECT transaction_id FROM countersign.otp_secrets LIMIT \(count)),
                        array_fill('expired'::text, ARRAY[\(count)]))
                    """, below: most)
            #expect(cost.plans.contains("\"Actual Rows\": \(count)"), "\(cost.plans)")
            #expect(cost.pages < most, "\(count) cost \(cost.pages) pages")
        }
    }

    /// In memory, too, where no count of pages shows it. Some plans of a join compare each code with each ended row; which,
    /// is a matter of what statistics believe, and no test has all beliefs. So there is none.
    @Test func `what is ended is not joined with all that is ended with it`() async throws {
        _ = try await Site.make()
        try await fill()
        var session = try await ExplainingSession.open()
        for count in [1, 200] {
            let cost = try await session.cost(
                of: """
                    SELECT * FROM countersign.end_requests(
                        ARRAY(SELECT transaction_id FROM countersign.otp_secrets LIMIT \(count)),
                        array_fill('expired'::text, ARRAY[\(count)]))
                    """)
            try #require(cost.plans.contains("\"Relation Name\": \"otp_secrets\""))
            #expect(!cost.plans.contains(/= ended(_\d+)?\.|ended(_\d+)?\.transaction_id =/), "\(cost.plans)")
            #expect(cost.rows < 200 + 50 * count, "\(count): \(cost.rows) rows, \(cost.plans)")
        }
    }
}
