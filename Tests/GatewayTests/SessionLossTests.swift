import Gateway
import Postgres
import Support
import Testing

/// The gateway's sessions of which nothing more can be had. It comes back by itself, within 15 s.
@Suite(.database) struct SessionLossTests {
    private static let bound = Duration.seconds(15)

    /// Nobody tries again meanwhile, so that each connection of the pool would be found out by a request of its own.
    @Test func `one whose connections fall silent goes on by others`() async throws {
        let site = try await GatewaySite.make()
        let network = FrozenNetwork()
        try await network.run(before: Database.current.port) { proxy in
            let options = Database.current.options(login: site.gateway, port: proxy.port)
            try await withSite(site, { $0.database = options }) { http in
                try await withThrowingTaskGroup { group in
                    for _ in 0..<2 { group.addTask { _ = try await startSignIn(site, http) } }
                    try await group.waitForAll()
                }
                network.freeze()
                let begun = ContinuousClock.now
                for _ in 0..<4 where begun.duration(to: .now) < Self.bound {
                    _ = try await http.send(Self.look(site))
                }
                try await eventually("it serves") { try await http.send(Self.look(site)).status == 404 }
                #expect(begun.duration(to: .now) < Self.bound)
                // Notifications, too: a sign-in's code comes by them.
                let (id, _) = try await startSignIn(site, http)
                #expect(try await signInResult(site, http, id)["status"] as? String == "issued")
            }
        }
    }

    /// A request that there is not: the answer comes from the database.
    private static func look(_ site: GatewaySite) -> String {
        let path = "/oauth/api/v4/authenticate/transaction/\(Identifier.random())"
        return request("GET", path, ["Authorization": site.basic])
    }

    /// With `any` the session is opened and found out by its first statement, as behind a pooler.
    @Test(arguments: ["", "target_session_attrs=any"])
    func `one whose sessions cannot write comes back when they can`(query: String) async throws {
        let site = try await GatewaySite.make()
        let name = Database.current.name
        let options = Database.current.options(login: site.gateway, query: query)
        try await withSite(site, { $0.database = options }) { http in
            _ = try await startSignIn(site, http)
            // A session that begins later could not change it back.
            var superuser = try await Database.current.connectAsSuperuser()
            try await superuser.execute(
                """
                ALTER DATABASE \(name) SET default_transaction_read_only = on;
                SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity
                WHERE datname = '\(name)' AND application_name LIKE 'countersign %'
                """)
            try await eventually("it cannot serve") { try await start(site, http) == 503 }
            try await superuser.execute(
                "ALTER DATABASE \(name) RESET default_transaction_read_only")
            let begun = ContinuousClock.now
            try await eventually("it serves") { try await start(site, http) == 200 }
            #expect(begun.duration(to: .now) < Self.bound)
        }
    }

    private func start(_ site: GatewaySite, _ http: RawHTTP) async throws -> Int {
        let headers = ["Authorization": site.basic, "Content-Type": "application/x-www-form-urlencoded"]
        let body = "type=otp&callback_uri=https%3A%2F%2Fwww.myportal.com%2Fcallback"
        let path = "/oauth/api/v4/authenticate/user"
        return try await http.send(request("POST", path, headers, body: body)).status
    }
}
