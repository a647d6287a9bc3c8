import Administration
import Countersign
import Foundation
import Postgres
import Support
import Synchronization
import Testing

@testable import Gateway

/// One server before two databases, each with a portal of its own; the users' devices are known in both.
@Suite(.database) struct CellRoutingTests {
    /// So many in a row that one of them may be slow on a busy machine: who waited would wait with each.
    private static let calls = 10

    /// The portal `acme` in cell 0, which is the home, and `bank` in cell 1, with workers in both.
    private struct Cells: Sendable {
        let (home, away): (GatewaySite, GatewaySite)
        let (homeDatabase, awayDatabase): (Database, Database)
        let issuer: TokenIssuer
    }

    private func withCells(
        _ more: [Int: ConnectionOptions] = [:], _ body: @Sendable (RawHTTP, Cells) async throws -> Void
    ) async throws {
        let (home, homeDatabase) = (try await GatewaySite.make("acme"), Database.current)
        try await withWorker { _ in
            try await DatabaseTrait.another(isMigrated: false) {
                var owner = try await Database.current.connect()
                try await owner.execute(Administration.Cell.choosing(1))
                try await Program.migrator().up(&owner)
                let away = try await GatewaySite.make("bank")
                try await owner.execute("UPDATE countersign.apps SET name = '\(home.app)'")
                let cells = Cells(
                    home: home, away: away, homeDatabase: homeDatabase, awayDatabase: Database.current,
                    issuer: try TokenIssuer())
                let options = Database.current.options(login: away.gateway)
                try await withWorker { _ in
                    try await withGateway(
                        away,
                        {
                            $0.database = homeDatabase.options(login: home.gateway)
                            $0.cells = more.merging([1: options]) { $1 }
                            $0.tokens = cells.issuer.rules(app: home.app)
                        }
                    ) { try await body($0, cells) }
                }
            }
        }
    }

    /// What the home knows of users and their devices, as replication brings it.
    private func copyEnrollments(_ cells: Cells) async throws {
        var from = try await Connection.open(cells.homeDatabase.superuserOptions)
        var to = try await Connection.open(cells.awayDatabase.superuserOptions)
        try await to.execute("SET session_replication_role = replica")
        for table in ["server_keys", "enrollments"] {
            let rows = try await from.execute(
                "SELECT coalesce(jsonb_agg(to_jsonb(t)), '[]')::text FROM countersign.\(table) t")[0].text(0)
            let insert = """
                INSERT INTO countersign.\(table)
                SELECT * FROM jsonb_populate_recordset(NULL::countersign.\(table), $1::jsonb)
                """
            try await to.run(Statement("copy", insert), [.text(rows)])
        }
    }

    @Test func `a user of one signs in at the portals of both`() async throws {
        try await withCells { http, cells in
            let phone = try HTTPPhone(http: http, token: try cells.issuer.token())
            let enrollment = try await phone.enrolled()
            try await copyEnrollments(cells)
            for (site, number) in [(cells.home, 0), (cells.away, 1)] {
                let (id, otp) = try await startSignIn(site, http)
                #expect(Identifier(id)?.cell == number)
                let scanned = try await phone.submit(enrollment, otp, .scan)
                #expect(scanned.status == 200, "\(scanned.text)")
                let prompt = try scanned.json()["prompt"] as? String
                #expect(prompt == "\(site.portal.uppercased())\nSign in")
                #expect(try await phone.submit(enrollment, otp, .accept, prompt: prompt).status == 200)
                let end = try await signInResult(site, http, id, wait: 20)
                #expect(end["is_authenticated"] as? Bool == true && end["user_id"] as? String == "alice")
                let other = number == 0 ? cells.away : cells.home
                #expect(try await signInResult(other, http, id)["error"] as? String == "3004")
            }
        }
    }

    private func start(_ site: GatewaySite, _ http: RawHTTP) async throws -> RawHTTP.Answer {
        let headers = [
            "Authorization": site.basic, "Content-Type": "application/x-www-form-urlencoded",
        ]
        return try await http.send(
            request(
                "POST", "/oauth/api/v4/authenticate/user", headers,
                body: "type=otp&callback_uri=https%3A%2F%2Fwww.myportal.com%2Fcallback"))
    }

    /// When it starts such a one is refused; this one comes later.
    @Test func `a client id that comes to be known in two is told of, and stays with the portal that had it`()
        async throws
    {
        try await withCells { http, cells in
            #expect(try await start(cells.home, http).status == 200)
            var superuser = try await Connection.open(cells.awayDatabase.superuserOptions)
            let twin = Statement("twin", "UPDATE countersign.portal_credentials SET client_id = $1")
            try await superuser.run(twin, [.text(cells.home.credential.clientID)])
            #expect(try await start(cells.home, http).status == 200)
            // One that it has not met before it asks for everywhere.
            let new = NewPortalCredential(clientID: "new", secret: cells.home.credential.secret)
            for options in [cells.homeDatabase.superuserOptions, cells.awayDatabase.superuserOptions] {
                var superuser = try await Connection.open(options)
                try await superuser.run(twin, [.text(new.clientID)])
            }
            let met = GatewaySite(
                portal: cells.home.portal, login: cells.home.login, app: cells.home.app, credential: new,
                gateway: cells.home.gateway)
            _ = try await start(met, http)
            try await eventually("it is told of") {
                LogCapture.current.text.contains("a client id is known in two cells")
            }
            #expect(LogCapture.current.text.contains("0 and 1"))
        }
    }

    @Test func `while one is down its portals alone are told to come again`() async throws {
        try await withCells { http, cells in
            #expect(try await start(cells.away, http).status == 200)
            var superuser = try await Connection.open(cells.homeDatabase.superuserOptions)
            let name = cells.awayDatabase.name
            try await superuser.execute("ALTER DATABASE \(name) ALLOW_CONNECTIONS false")
            try await superuser.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '\(name)'")
            try await eventually("nobody waits for it any more") {
                LogCapture.current.text.contains("the cell does not answer")
            }
            let began = ContinuousClock.now
            for _ in 0..<Self.calls {
                let refused = try await start(cells.away, http)
                #expect(refused.status == 503 && refused.header("retry-after") != nil)
            }
            #expect(began.duration(to: .now) < .seconds(Self.calls))
            #expect(try await start(cells.home, http).status == 200)
            // Whose portal is unknown may be one of its.
            let stranger = try await http.send(
                request(
                    "GET", "/oauth/api/v4/authenticate/user/bob/enabled",
                    ["Authorization": "Basic " + base64("nobody:secret")]))
            #expect(stranger.status == 503)
            try await superuser.execute("ALTER DATABASE \(name) ALLOW_CONNECTIONS true")
            try await eventually("it is asked again") { try await start(cells.away, http).status == 200 }
        }
    }

    @Test func `a code or a request of a cell that nobody has told of is an unknown one`() async throws {
        try await withCells { http, cells in
            let phone = try HTTPPhone(http: http, token: try cells.issuer.token())
            let enrollment = try await phone.enrolled()
            var owner = try await cells.homeDatabase.connect()
            let id = try await owner.execute(
                "SELECT overlay(countersign.uuid_v7()::text PLACING '809' FROM 20)::uuid")[0].identifier(0)
            #expect(id.cell == 9)
            let otp = base64URL(Data(id.bytes + [UInt8](repeating: 7, count: 32)))
            for _ in 0..<2 {
                let answer = try await phone.submit(enrollment, otp, .scan)
                #expect(answer.status == 400)
                #expect(try answer.json()["error"] as? String == "invalid_code")
            }
            let page = try await http.send(
                request(
                    "GET", "/browser/v1/sign-ins/\(id)",
                    ["Authorization": "Bearer " + base64URL(Data(repeating: 7, count: 32))]))
            #expect(page.status == 401)
            let lines = LogCapture.current.lines.filter {
                $0.contains("an id names a cell that is not served here")
            }
            #expect(lines.count == 1 && lines.first?.contains("cell=9") == true)
        }
    }
}
