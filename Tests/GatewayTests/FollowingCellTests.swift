import Administration
import Countersign
import Foundation
import Gateway
import HTTPService
import Postgres
import Support
import Testing

/// Two cells on two servers behind one gateway: devices are enrolled in one, and PostgreSQL takes them to the other.
@Suite(.database) struct FollowingCellTests {
    /// So many in a row that one of them may be slow on a busy machine: who waited would wait with each.
    private static let calls = 10

    /// A portal with a client id, whose name is its secret, and the gateway's login.
    private static func rows(_ portal: String) -> String {
        """
        INSERT INTO countersign.portals (login, name, display_name, signing_secret)
        VALUES ('\(portal)', '\(portal)', upper('\(portal)'), '\\x00');
        INSERT INTO countersign.portal_credentials (portal_id, client_id, secret_hash)
        SELECT portal_id, name, '\(SecretDigest(of: portal).text)' FROM countersign.portals;
        INSERT INTO countersign.auth_types (name) VALUES ('otp');
        INSERT INTO countersign.auth_type_messages (auth_type, language_code, message) VALUES ('otp', 'en', 'Sign in');
        INSERT INTO countersign.callback_urls (portal_id, url)
        SELECT portal_id, '\(GatewaySite.callback)' FROM countersign.portals;
        CREATE ROLE gateway1 LOGIN IN ROLE countersign_gateway;
        """
    }

    private func site(_ portal: String) -> GatewaySite {
        GatewaySite(
            portal: portal, login: TestLogin(name: portal, password: ""), app: "mobile",
            credential: .init(clientID: portal, secret: portal),
            gateway: TestLogin(name: "gateway1", password: ""))
    }

    private struct Cells: Sendable {
        let (home, away): (ScratchServer, ScratchServer)
        let http: RawHTTP
        let phone: HTTPPhone
    }

    /// - Parameter lag: after which nothing is judged; long, because a busy machine may not do anything for some seconds.
    private func withCells(
        lag: String = "10 min", _ body: @Sendable (Cells) async throws -> Void
    ) async throws {
        let issuer = try TokenIssuer()
        try await ScratchServer.run(["wal_level = logical"]) { home in
            try await home.execute(Self.rows("acme"))
            try await home.execute("INSERT INTO countersign.apps (login, name) VALUES ('mobile', 'mobile')")
            try await home.execute("SELECT countersign.publish_home()")
            try await ScratchServer.run(cell: 1) { away in
                try await away.execute(Self.rows("bank"))
                try await away.execute("ALTER DATABASE postgres SET countersign.longest_lag = '\(lag)'")
                try await away.execute(
                    """
                    CREATE SUBSCRIPTION home CONNECTION 'host=\(home.folder.path) user=postgres dbname=postgres'
                        PUBLICATION countersign_home WITH (synchronous_commit = on)
                    """)
                try await withWorker(options: home.options) { _ in
                    try await withWorker(options: away.options) { _ in
                        try await withGateway(
                            site("acme"),
                            {
                                $0.database = home.options(user: "gateway1")
                                $0.cells = [1: away.options(user: "gateway1")]
                                $0.tokens = issuer.rules(app: "mobile")
                            }
                        ) { http in
                            let phone = try HTTPPhone(http: http, token: try issuer.token())
                            try await body(Cells(home: home, away: away, http: http, phone: phone))
                        }
                    }
                }
                try await away.execute("DROP SUBSCRIPTION IF EXISTS home")
            }
        }
    }

    /// Enrolled in the home, and known in the other.
    private func enrolled(_ cells: Cells) async throws -> String {
        let id = try await cells.phone.enrolled()
        #expect(Identifier(id)?.cell == 0)
        try await eventually("it is known in the other cell") {
            try await cells.away.number(
                "SELECT count(*) FROM countersign.enrollments WHERE status = 'active' AND NOT countersign.lags()"
            ) == 1
        }
        return id
    }

    private func signIn(_ portal: String, _ enrollment: String, _ cells: Cells) async throws -> String? {
        let (id, otp) = try await startSignIn(site(portal), cells.http)
        let scanned = try await cells.phone.submit(enrollment, otp, .scan)
        guard scanned.status == 200 else { return try scanned.json()["error"] as? String }
        let prompt = try scanned.json()["prompt"] as? String
        let accepted = try await cells.phone.submit(enrollment, otp, .accept, prompt: prompt)
        guard accepted.status == 200 else { return try accepted.json()["error"] as? String }
        return try await signInResult(site(portal), cells.http, id, wait: 20)["user_id"] as? String
    }

    @Test func `a device that is enrolled in one answers in both, until it is revoked`() async throws {
        try await withCells { cells in
            let enrollment = try await enrolled(cells)
            #expect(try await signIn("acme", enrollment, cells) == "alice")
            #expect(try await signIn("bank", enrollment, cells) == "alice")
            // By SQL it is neither enrolled nor revoked in the other.
            for change in ["SELECT countersign.revoke_enrollment('\(enrollment)')", enrolling] {
                let refusal = "apps and devices belong to cell 0: do this there, not here"
                await #expect { try await cells.away.execute(change) } throws: {
                    ($0 as? PostgresError)?.message == refusal
                }
            }
            #expect(try await cells.phone.revoke(enrollment).status == 204)
            try await eventually("it is revoked in the other cell") {
                try await cells.away.number(
                    "SELECT count(*) FROM countersign.enrollments WHERE status = 'revoked'") == 1
            }
            #expect(try await signIn("acme", enrollment, cells) == "enrollment_revoked")
            #expect(try await signIn("bank", enrollment, cells) == "enrollment_revoked")
        }
    }

    private let enrolling = """
        INSERT INTO countersign.enrollments (app_id, user_id, device_id) VALUES (1, 'bob', 'phone')
        """

    /// Or a revoked device could go on answering where nobody has heard of it.
    @Test func `a cell that has not heard of the home for too long judges no answer`() async throws {
        try await withCells(lag: "3 s") { cells in
            let enrollment = try await enrolled(cells)
            try await cells.away.execute("ALTER SUBSCRIPTION home DISABLE")
            try await eventually("it is told that it lags") {
                try await cells.away.number("SELECT countersign.lags()::integer") == 1
            }
            var connection = try await Connection.open(cells.away.options)
            let told = try await Readiness.check(&connection).filter { $0.check == "home" }
            #expect(told.map(\.grade) == [.error])
            #expect(told.first?.finding.hasPrefix("cell 0 was heard of ") == true)
            #expect(try await cells.phone.revoke(enrollment).status == 204)
            #expect(try await signIn("bank", enrollment, cells) == "temporarily_unavailable")
            #expect(try await signIn("acme", enrollment, cells) == "enrollment_revoked")
            #expect(
                try await cells.away.number(
                    "SELECT count(*) FROM countersign.submissions WHERE status = 'pending'") == 1)
            try await cells.away.execute("ALTER SUBSCRIPTION home ENABLE")
            try await eventually("what has waited is judged by what is known now") {
                try await cells.away.number(
                    "SELECT count(*) FROM countersign.submissions WHERE reason = 'enrollment_revoked'") == 1
            }
        }
    }

    @Test func `while the other's server is down its portals alone are told to come again`() async throws {
        try await withCells { cells in
            let enrollment = try await enrolled(cells)
            try await cells.away.stop("immediate")
            try await eventually("nobody waits for it any more") {
                LogCapture.current.text.contains("the cell does not answer")
            }
            let began = ContinuousClock.now
            for _ in 0..<Self.calls {
                let refused = try await signInResult(
                    site("bank"), cells.http, Identifier.random().description)
                #expect(refused["error"] as? String == "temporarily_unavailable")
            }
            #expect(began.duration(to: .now) < .seconds(Self.calls))
            #expect(try await signIn("acme", enrollment, cells) == "alice")
            try await cells.away.start()
            try await eventually("it serves again") {
                let answer = try await signInResult(site("bank"), cells.http, Identifier.random().description)
                return answer["error"] as? String == "3004"
            }
            try await eventually("it follows again") {
                try await cells.away.number("SELECT countersign.lags()::integer") == 0
            }
            #expect(try await signIn("bank", enrollment, cells) == "alice")
        }
    }
}
