import Postgres
import Support
import Testing

/// Each column of each table, view and partition of the schema is tried by each role that comes from outside.
@Suite(.database) struct ColumnTests {
    private struct Column: CustomStringConvertible {
        let relation: String
        let name: String
        var description: String { "\(relation).\(name)" }
    }

    private func columns() async throws -> [Column] {
        var superuser = try await Database.current.connectAsSuperuser()
        let sql = """
            SELECT c.relname::text, a.attname::text FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid
            WHERE c.relnamespace = 'countersign'::regnamespace AND c.relkind IN ('r', 'p', 'v')
                AND a.attnum > 0 AND NOT a.attisdropped
            """
        return try await superuser.execute(sql).map { Column(relation: try $0.text(0), name: try $0.text(1)) }
    }

    @Test(arguments: [TestLogin.Group.portal, .app])
    func `only one's own columns can be written`(group: TestLogin.Group) async throws {
        let site = try await Site.make()
        var session = try await group == .portal ? site.portal() : site.app()
        let own = Set(group == .portal ? ofPortals : ofApps)
        var written: Set<String> = []
        for column in try await columns() {
            let insert = "INSERT INTO countersign.\(column.relation) (\(column.name)) VALUES (NULL)"
            let error = try await session.refusal(of: insert)
            if isRefused(error) { continue }
            written.insert("\(column)")
        }
        #expect(written == own)
    }

    @Test(arguments: [TestLogin.Group.portal, .app, .gateway, .monitor])
    func `no column can be changed`(group: TestLogin.Group) async throws {
        let login = try await Database.current.makeLogin("member", in: group)
        var session = try await Database.current.connect(as: login)
        for column in try await columns() {
            let update = "UPDATE countersign.\(column.relation) SET \(column.name) = NULL"
            let error = try await session.refusal(of: update)
            #expect(isRefused(error), "\(column)")
        }
    }

    /// Not by the way of an upsert either, which asks for the right to change.
    @Test func `no upsert, no copying`() async throws {
        let site = try await Site.make()
        var portal = try await site.portal()
        let upsert = """
            INSERT INTO countersign.auth_requests (auth_type, callback_uri) VALUES ('qr-code', '\(Site.callback)')
            ON CONFLICT (transaction_id) DO UPDATE SET reference = excluded.reference
            """
        #expect(try await portal.refusal(of: upsert)?.state == noPrivilege)
        let copy = "COPY countersign.auth_requests (auth_type) FROM STDIN"
        #expect(try await portal.refusal(of: copy)?.message.contains("row-level security") == true)
    }

    /// A computed column of a view (0A000) or of a table (428C9) cannot be written by anybody, which is found out
    /// first.
    private func isRefused(_ error: PostgresError?) -> Bool {
        // A view of several tables is refused as such (55000), before rights are looked at.
        error?.state == noPrivilege || error?.state == "428C9" || error?.message.contains("of view") == true
            || error?.state == "55000"
                && ["webhook_tries", "auth_results"].contains {
                    error?.message.contains("view \"\($0)\"") == true
                }
    }

    private let ofPortals = [
        "auth_type", "callback_uri", "message", "secure_message", "language_code", "ip_address", "user_agent",
        "reference", "traceparent", "browser_id", "return_uri",
    ].map { "auth_requests.\($0)" }

    private let ofApps =
        ["user_id", "device_id", "device_name", "platform", "public_key"].map { "enrollments.\($0)" }
        + [
            "enrollment_id", "otp", "action", "signed_at", "prompt_digest", "signature", "deny_reason",
            "ip_address", "user_agent", "channel", "channel",
        ].map {
            "submissions.\($0)"
        }
}
