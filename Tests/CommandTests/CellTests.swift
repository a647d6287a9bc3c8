import Foundation
import Postgres
import Support
import Testing

/// A database's number among several, which every id of it carries.
@Suite struct CellTests {
    private func identifier(_ sql: String) async throws -> Identifier {
        var owner = try await Database.current.connect()
        return try await owner.execute(sql)[0].identifier(0)
    }

    @Test(.emptyDatabase) func `every id names the cell that the first migration has made`() async throws {
        let shell = Shell.owner()
        try await shell.succeed("migrate", "up", "--cell", "1023")
        for _ in 0..<20 {
            let id = try await identifier("SELECT countersign.uuid_v7()")
            #expect(id.cell == 1023 && id.bytes[6] >> 4 == 7 && id.bytes[8] >> 6 == 2)
            var owner = try await Database.current.connect()
            let said = "SELECT countersign.uuid_cell('\(id)'), countersign.cell()"
            let row = try await owner.execute(said)[0]
            #expect(try row.int(0) == 1023 && row.int(1) == 1023)
        }
        let status = try await shell.succeed("status", "--json").json(as: [String: Any].self)
        #expect(status["cell"] as? Int == 1023)
    }

    /// The ids that are stored carry it.
    @Test(.emptyDatabase) func `no later migration changes it`() async throws {
        let shell = Shell.owner()
        try await shell.succeed("migrate", "up", "--cell", "5")
        for command in ["up", "plan"] {
            try await shell.run("migrate", command, "--cell", "6").expect(
                78, "this database is cell 5, and its ids say so: it cannot become cell 6")
        }
        try await shell.succeed("migrate", "up", "--cell", "5")
        // Nor one that runs the files again.
        var owner = try await Database.current.connect()
        try await owner.execute("UPDATE countersign.schema_current SET checksum = ''")
        try await shell.succeed("migrate", "up")
        #expect(try await identifier("SELECT countersign.uuid_v7()").cell == 5)
        let found = try await shell.run("doctor", "--json").json(as: [[String: Any]].self)
        let told = found.filter { ["schema", "drift"].contains($0["check"] as? String) }
        #expect(told.map { $0["grade"] as? String } == ["ok", "ok"])
        #expect((told.first?["finding"] as? String)?.hasSuffix(", cell 5") == true)
    }

    @Test(.emptyDatabase) func `a plan makes it, too`() async throws {
        let plan = try await Shell.owner().succeed("migrate", "plan", "--cell", "7").output
        #expect(plan.hasPrefix("SET countersign.new_cell = '7';\n"))
    }

    @Test(.emptyDatabase, arguments: ["1024", "-1"]) func `it has ten bits`(number: String) async throws {
        try await Shell.owner().run("migrate", "up", "--cell=\(number)").expect(
            64, "--cell must lie between 0 and 1023, not \(number)")
        try await Shell.owner().with("COUNTERSIGN_CELL", "a").run("migrate", "up").expect(
            78, "COUNTERSIGN_CELL cannot be read: 'a'")
    }

    @Test(.database) func `an only database is cell 0`() async throws {
        #expect(try await identifier("SELECT countersign.uuid_v7()").cell == 0)
        try await Shell.owner().run("migrate", "up", "--cell", "1").expect(
            78, "this database is cell 0, and its ids say so: it cannot become cell 1")
    }

    private static let portal = """
        INSERT INTO countersign.portals (login, name, display_name, signing_secret)
        VALUES ('acme', 'acme', 'Acme', '\\x00');
        INSERT INTO countersign.portal_credentials (portal_id, client_id, secret_hash)
        SELECT portal_id, 'acme-web', 'none' FROM countersign.portals
        """

    @Test(.database) func `a gateway refuses cells that do not fit together`() async throws {
        let gateway = try await Shell.member(of: .gateway)
        let url = try #require(gateway.environment["DATABASE_URL"])
        let serve = ["serve", "--listen", "127.0.0.1:0", "--cell"]
        let refusals: [(String, Int32, String)] = [
            ("x=\(url)", 64, "--cell must be a number from 0 to 1023, = and the database's URL"),
            ("1", 64, "--cell must be a number from 0 to 1023, = and the database's URL"),
            ("0=\(url)", 78, "--cell: cell 0 is the gateway's own database"),
            ("2=\(url)", 78, "--cell 2: this database is cell 0, not 2"),
        ]
        for (cell, status, words) in refusals {
            try await gateway.start(serve + [cell]).outcome().expect(status, words)
        }
        var owner = try await Database.current.connect()
        try await owner.execute(Self.portal)
        try await DatabaseTrait.another(isMigrated: false) {
            try await Shell.owner().succeed("migrate", "up", "--cell", "1")
            var other = try await Database.current.connect()
            try await other.execute(Self.portal)
            let second = try await Shell.member(of: .gateway).environment["DATABASE_URL"]
            let outcome = try await gateway.with("COUNTERSIGN_CELL_1", second).run(
                "serve", "--listen", "127.0.0.1:0")
            outcome.expect(
                78,
                "client id acme-web is known in cells 0 and 1: `portal credentials remove` takes it out of one"
            )
        }
    }

    @Test(.database) func `a gateway starts without a cell that is down, and says so`() async throws {
        let gateway = try await Shell.member(of: .gateway)
            .with("COUNTERSIGN_CELL_1", "postgres://gateway1@127.0.0.1:1/countersign?sslmode=disable")
        let program = try await ScrapedProgram.start(
            gateway,
            ["serve", "--listen", "127.0.0.1:0", "--operations-host", "countersign.example.com"])
        _ = try await program.servedPort()
        let http = RawHTTP(port: program.port)
        try await eventually("it is told of") {
            let answer = try await http.send(request("GET", "/readyz"))
            return answer.status == 200 && answer.text.contains("\nwarning cell 1: did not answer")
        }
        let metrics = try await http.send(request("GET", "/metrics")).text
        #expect(metrics.contains("countersign_listener_up{listener=\"gateway\"} 1"))
        #expect(metrics.contains("countersign_listener_up{listener=\"gateway, cell 1\"} 0"))
        try await program.kill()
    }

    /// The planner puts the number in the place of the call, or each insert would pay for a look at it.
    @Test(.database) func `an id costs no look at the number`() async throws {
        var owner = try await Database.current.connect()
        let lines = try await owner.execute("EXPLAIN (VERBOSE) SELECT countersign.uuid_v7()").map {
            try $0.text(0)
        }
        let text = lines.joined()
        #expect(text.contains("'800'") && !text.contains("cell") && !text.contains("uuid_v7"))
    }
}
