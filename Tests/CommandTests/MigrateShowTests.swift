import Support
import Testing

/// Without any database.
@Suite struct MigrateShowTests {
    private let shell = Shell()

    @Test func `an object's SQL is printed with the file it stands in`() async throws {
        let shown = try await shell.succeed("migrate", "show", "collect_otp").output
        #expect(shown.hasPrefix("-- migrations/current/codes.sql\n-- The code, exactly once"))
        #expect(
            shown.contains(
                "CREATE OR REPLACE FUNCTION countersign.collect_otp(transaction_id uuid) RETURNS text\n"))
        #expect(shown.contains("COMMENT ON FUNCTION countersign.collect_otp(uuid) IS"))
        #expect(try await shell.succeed("migrate", "show", "countersign.collect_otp(uuid)").output == shown)
    }

    @Test func `a table is shown as it is made and explained`() async throws {
        let shown = try await shell.succeed("migrate", "show", "submissions").output
        #expect(shown.contains("CREATE TABLE countersign.submissions ("))
        #expect(shown.contains("ENABLE ROW LEVEL SECURITY"))
        #expect(shown.contains("COMMENT ON COLUMN countersign.submissions.otp IS"))
        #expect(!shown.contains("CREATE TABLE countersign.validate_queue"))
    }

    @Test func `without a name it lists what can be shown`() async throws {
        let list = try await shell.succeed("migrate", "show", "--json").json(as: [[String: String]].self)
        #expect(list.contains(["file": "current/codes.sql", "kind": "function", "name": "collect_otp"]))
        #expect(list.contains(["file": "0001_schema.sql", "kind": "table", "name": "auth_requests"]))
        #expect(try await shell.succeed("migrate", "show").output.contains("auth_requests.portal_reads"))
    }

    @Test func `an object that there is not`() async throws {
        try await shell.run("migrate", "show", "colect_otp").expect(
            64,
            "this program has no object 'colect_otp'; perhaps collect_otp; "
                + "`countersign migrate show` lists what it has")
        try await shell.run("migrate", "show", "x").expect(
            64, "this program has no object 'x'; `countersign migrate show` lists what it has")
    }
}
