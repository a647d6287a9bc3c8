import Foundation
import Postgres
import Support
import Testing

/// `\d+` and `\df+` explain the contract to whoever meets it in psql.
@Suite(.database) struct CommentTests {
    /// What those roles have any right on, by the catalog.
    private static let usable = """
        WITH reader (role) AS (VALUES ('countersign_portal'), ('countersign_app'), ('countersign_monitor')),
        relation AS (
            SELECT c.oid, c.relname::text AS name FROM pg_class c
            WHERE c.relnamespace = 'countersign'::regnamespace AND c.relkind IN ('r', 'p', 'v')
        ), object (name, comment) AS (
            SELECT r.name, obj_description(r.oid, 'pg_class') FROM relation r WHERE EXISTS (
                SELECT FROM reader WHERE has_any_column_privilege(role, r.oid, 'SELECT, INSERT, UPDATE'))
            UNION ALL
            SELECT r.name || '.' || a.attname, col_description(r.oid, a.attnum)
            FROM relation r JOIN pg_attribute a ON a.attrelid = r.oid AND a.attnum > 0 AND NOT a.attisdropped
            WHERE EXISTS (SELECT FROM reader WHERE has_column_privilege(role, r.oid, a.attnum, 'SELECT, INSERT, UPDATE'))
            UNION ALL
            SELECT p.oid::regprocedure::text, obj_description(p.oid, 'pg_proc') FROM pg_proc p
            WHERE p.pronamespace = 'countersign'::regnamespace
              AND EXISTS (SELECT FROM reader WHERE has_function_privilege(role, p.oid, 'EXECUTE'))
        )
        SELECT name, coalesce(comment, '') FROM object ORDER BY name
        """

    @Test func `everything that portals, apps and monitors may use has a sentence`() async throws {
        var owner = try await Database.current.connect()
        let objects = try await owner.execute(Self.usable).map { (try $0.text(0), try $0.text(1)) }
        #expect(objects.count > 200)
        #expect(objects.contains { $0.0 == "countersign.collect_otp(uuid)" && $0.1.hasPrefix("The code") })
        #expect(objects.filter { !$0.1.hasSuffix(".") }.map(\.0) == [], "COMMENT ON is missing")
    }

    @Test func `one that is missing is found`() async throws {
        var owner = try await Database.current.connect()
        try await owner.execute("COMMENT ON COLUMN countersign.auth_results.status IS NULL")
        let objects = try await owner.execute(Self.usable)
        #expect(
            try objects.filter { try $0.text(1).isEmpty }.map { try $0.text(0) } == ["auth_results.status"])
    }

    @Test func `the schema's header names every table`() throws {
        let file = Checkout.root.appending(path: "migrations/0001_schema.sql")
        let text = try String(contentsOf: file, encoding: .utf8)
        let header = Set(
            text.split(separator: "\n").prefix { $0.hasPrefix("--") }.joined().split {
                !$0.isLetter && $0 != "_"
            })
        let tables = text.matches(of: /CREATE TABLE countersign\.([a-z_]+) \(/).map(\.output.1)
        #expect(tables.count > 30)
        #expect(tables.filter { !header.contains($0) } == [])
    }
}
