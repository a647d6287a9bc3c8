import Postgres
import Support
import Testing

/// What the catalog says about the functions of the schema.
@Suite(.database) struct FunctionTests {
    private func names(_ condition: String) async throws -> [String] {
        var owner = try await Database.current.connect()
        let sql = """
            SELECT p.oid::regprocedure::text FROM pg_proc p
            WHERE p.pronamespace = 'countersign'::regnamespace AND \(condition)
            """
        return try await owner.execute(sql).map { try $0.text(0) }
    }

    @Test func `every function names its search path`() async throws {
        #expect(try await names("true").count > 30)
        let condition = """
            array_position(proconfig, 'search_path=pg_catalog, pg_temp') IS NULL AND (prosqlbody IS NULL OR prosecdef)
            """
        #expect(try await names(condition) == [])
    }

    /// A SQL function could be inlined into the caller's query, under the caller's path: all but those whose bodies were
    /// read when they were made.
    @Test func `none is written so that names in it could mean something else to its caller`() async throws {
        let language = """
            prolang <> (SELECT oid FROM pg_language WHERE lanname = 'plpgsql') AND prosqlbody IS NULL
            """
        #expect(try await names(language) == [])
    }

    /// What a backslash means in a plain literal depends on standard_conforming_strings of the caller.
    @Test func `no backslash stands in a plain literal`() async throws {
        let condition = #"regexp_replace(prosrc, 'E''[^'']*''', '', 'g') LIKE '%\\%'"#
        #expect(try await names(condition) == [])
    }

    @Test func `all are the owner's, who is no superuser`() async throws {
        let owner = "(SELECT datdba FROM pg_database WHERE datname = current_database())"
        #expect(try await names("proowner <> \(owner)") == [])
        #expect(try await names("(SELECT rolsuper FROM pg_roles WHERE oid = \(owner))") == [])
    }

    @Test func `every trigger function runs with the owner's rights`() async throws {
        #expect(try await names("prorettype = 'trigger'::regtype AND NOT prosecdef") == [])
    }

    @Test func `no function of ours is leakproof, and no view without a barrier`() async throws {
        #expect(try await names("proleakproof") == [])
        var owner = try await Database.current.connect()
        let sql = """
            SELECT relname::text FROM pg_class
            WHERE relnamespace = 'countersign'::regnamespace AND relkind = 'v'
              AND NOT coalesce(reloptions @> '{security_barrier=true}'
                               OR reloptions @> '{security_barrier}', false)
            """
        #expect(try await owner.execute(sql).map { try $0.text(0) } == [])
    }

    @Test func `what portals and apps insert into has row security`() async throws {
        var owner = try await Database.current.connect()
        let sql = """
            SELECT DISTINCT c.relname::text FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid
            WHERE c.relnamespace = 'countersign'::regnamespace AND c.relkind IN ('r', 'p') AND a.attnum > 0
              AND (has_column_privilege('countersign_portal', c.oid, a.attnum, 'SELECT, INSERT, UPDATE')
                   OR has_column_privilege('countersign_app', c.oid, a.attnum, 'SELECT, INSERT, UPDATE'))
            """
        let tables = try await owner.execute(sql).map { try $0.text(0) }.sorted()
        #expect(tables == ["auth_requests", "enrollments", "submissions"])
        let secured = "SELECT count(*) FROM pg_class WHERE relrowsecurity AND relname = ANY ($1)"
        let count = try await owner.run(Statement("row security", secured), [.texts(tables)])[0].int(0)
        #expect(count == 3)
    }
}
