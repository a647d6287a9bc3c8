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
