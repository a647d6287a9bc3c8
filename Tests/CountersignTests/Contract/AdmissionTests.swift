import Countersign
import Postgres
import Support
import Testing

/// The query that admits almost every request admits nothing that the full check would refuse or fill in otherwise.
@Suite(.database) struct AdmissionTests {
    /// Tried one at a time, beside a type and an address that are allowed.
    private static let tried: [String: [String]] = [
        "auth_type": ["'qr-code'", "NULL", "''", "'QR-code'", "'other'", "'mute'"],
        "callback_uri": [
            "NULL", "''", "'https://acme.example/cb/'", "'HTTPS://acme.example/cb'", "'ftp://acme.example/'",
        ],
        "message": [
            "NULL", "''", "' '", "'Pay'", "repeat('ä', 155)", "repeat('ä', 156)", "'a' || chr(8238)",
            "chr(8294)",
            "chr(8294) || 'a' || chr(8297)", "chr(8297)", "'a' || chr(10)",
        ],
        "secure_message": ["''", "'secret'", "repeat('x', 8192)", "repeat('x', 8193)", "repeat('ä', 4097)"],
        "language_code": [
            "'en'", "'nl'", "'nl-be'", "'de'", "'EN'", "''", "'en-'", "'x'", "'en-' || repeat('a', 8)",
            "'en' || repeat('-abcdefgh', 5)",
        ],
        "ip_address": [
            "'203.0.113.7'", "'0.0.0.0'", "'255.255.255.255'", "'256.0.0.1'", "'1.2.3'", "'1.2.3.4.'",
            "'1.2.3.4.5'",
            "'01.2.3.4'", "' 1.2.3.4'", "'1.2.3.4/32'", "'10.0.0.0/8'", "'2001:db8::1'", "'::ffff:1.2.3.4'",
            "''",
            "'1.2.3.4' || chr(10)", "repeat('1', 100000)",
        ],
        "user_agent": [
            "''", "repeat('ä', 1024)", "repeat('ä', 1025)", "chr(127)", "chr(8207) || 'a'",
            "chr(8295) || 'a'",
        ],
        "reference": ["''", "repeat('ä', 255)", "repeat('ä', 256)", "chr(917505)", "chr(57344)", "'a b'"],
    ]

    static let situations = [
        "", "UPDATE countersign.settings SET callback_allowlist_enabled = false",
        "UPDATE countersign.settings SET mobile_authentication_enabled = false",
        "UPDATE countersign.settings SET enrollment_enabled = false",
        "UPDATE countersign.portals SET enabled = false", "UPDATE countersign.portals SET over_limit = true",
        "UPDATE countersign.portals SET paused = true",
        "DELETE FROM countersign.callback_urls",
        "DELETE FROM countersign.auth_type_messages WHERE language_code = 'en'",
    ]

    @Test(arguments: situations) func `both ways give one answer`(situation: String) async throws {
        let site = try await Site.make()
        var owner = try await Database.current.connect()
        try await owner.execute(
            """
            INSERT INTO countersign.auth_type_messages VALUES ('qr-code', 'nl', 'Aanmelden');
            INSERT INTO countersign.auth_types (name, request_expires_in) VALUES ('mute', 30);
            \(situation)
            """)
        for (column, values) in Self.tried.sorted(by: { $0.key < $1.key }) {
            for value in values {
                var row = [
                    "portal_id": "\(site.portalID)", "auth_type": "'qr-code'",
                    "callback_uri": "'\(Site.callback)'",
                ]
                row[column] = value
                let quick = try await answer(Self.insert(row), &owner)
                let full = try await answer(Self.check(row), &owner)
                #expect(quick == full, "\(situation) \(column) \(value)")
            }
        }
    }

    private func answer(_ sql: String, _ owner: inout Connection) async throws -> String {
        try await owner.execute("BEGIN")
        var said = ""
        do throws(PostgresError) {
            let rows = try await owner.execute(sql)
            said = (try? rows[0].text(0)) ?? ""
        } catch {
            said = "\(error.state): \(error.message)"
        }
        try await owner.execute("ROLLBACK")
        return said
    }

    private static let filled = """
        concat_ws('|', portal_id, method, status, message, language_code, ip_address, expires_at - requested_at,
                  open_until = expires_at)
        """

    private static func insert(_ row: [String: String]) -> String {
        let columns = row.keys.sorted()
        return """
            INSERT INTO countersign.auth_requests (\(columns.joined(separator: ", ")))
            VALUES (\(columns.compactMap { row[$0] }.joined(separator: ", "))) RETURNING \(filled)
            """
    }

    private static func check(_ row: [String: String]) -> String {
        let fields = row.sorted { $0.key < $1.key }.map { "'\($0.key)', \($0.value)" }.joined(separator: ", ")
        return """
            SELECT \(filled) FROM countersign.check_in_full(jsonb_populate_record(NULL::countersign.auth_requests,
                jsonb_build_object('transaction_id', countersign.uuid_v7(), \(fields))))
            """
    }

    static let changes: [String: SQLState] = [
        "UPDATE countersign.portals SET enabled = false": "CS008",
        "UPDATE countersign.portals SET over_limit = true": "CS008",
        "DELETE FROM countersign.callback_urls": "CS005",
        "DELETE FROM countersign.auth_types": "CS002",
        "DELETE FROM countersign.auth_type_messages": "CS004",
        "UPDATE countersign.settings SET mobile_authentication_enabled = false": "CS001",
        "UPDATE countersign.settings SET enrollment_enabled = false": "CS007",
    ]

    /// Nothing is remembered: a change counts for the next statement, also of a transaction that had begun before and of
    /// a session whose plans are made.
    @Test(arguments: changes.keys.sorted()) func `a change counts at once`(change: String) async throws {
        let site = try await Site.make()
        var portal = try await site.portal()
        for _ in 0..<8 { _ = try await portal.request() }
        try await portal.execute("BEGIN")
        _ = try await portal.request()
        try await Database.current.arrange(change)
        let refusal = try await portal.refusal(of: SQL.insert, ["visit"])
        #expect(refusal?.state == Self.changes[change])
    }
}
