import Countersign
import Postgres
import Support
import Testing

/// What is wrong with a request is said with an error of class CS, and nothing of it is stored: not the row,
/// not the rows beside it, not their places in the queues.
@Suite(.database) struct BadInputTests {
    private static let columns = [
        "auth_type", "callback_uri", "message", "secure_message", "language_code", "ip_address", "user_agent",
        "reference",
    ]
    private static let good = ["auth_type": "qr-code", "callback_uri": Site.callback]

    /// One row for each set of values; what is not given is NULL.
    private static let insert = Statement(
        "insert rows",
        """
        INSERT INTO countersign.auth_requests (\(columns.joined(separator: ", ")))
        SELECT * FROM unnest(\((1...8).map { "$\($0)::text[]" }.joined(separator: ", ")))
        """)

    private func parameters(_ rows: [[String: String?]]) -> [Parameter] {
        Self.columns.map { column in
            .texts(rows.map { $0.merging(Self.good) { given, _ in given }[column] ?? nil })
        }
    }

    /// `says` are the words that the message must hold: the column, and what is allowed.
    struct Case: Sendable, CustomTestStringConvertible {
        let values: [String: String?]
        let state: SQLState
        let says: [String]
        var setting = ""

        var testDescription: String {
            let shown = values.map { "\($0)=\($1.map { String($0.prefix(30)) } ?? "NULL")" }.sorted()
            return "\(setting) \(shown)"
        }
    }

    struct Group: Sendable, CustomTestStringConvertible {
        let name: String
        let cases: [Case]
        var testDescription: String { name }
    }

    private static func long(_ count: Int) -> String { String(repeating: "ä", count: count) }

    /// What is tried in one database.
    static let groups =
        plain.map { Group(name: $0.testDescription, cases: [$0]) } + [
            Group(name: "types", cases: kinds), Group(name: "addresses", cases: addresses),
            Group(name: "forms of addresses", cases: forms), Group(name: "languages", cases: languages),
            Group(name: "hosts", cases: hosts), Group(name: "characters", cases: characters),
        ]

    private static let plain: [Case] = [
        Case(
            values: [:], state: "CS001", says: ["mobile authentication is disabled"],
            setting: "settings SET mobile_authentication_enabled = false, enrollment_enabled = false"),
        Case(
            values: [:], state: "CS007", says: ["enrollment is disabled"],
            setting: "settings SET enrollment_enabled = false"),
        Case(
            values: [:], state: "CS008", says: ["portal", "disabled"], setting: "portals SET enabled = false"),
        Case(
            values: [:], state: "CS008", says: ["portal", "limit"], setting: "portals SET over_limit = true"),
        Case(values: ["auth_type": nil], state: "CS003", says: ["auth_type", "missing", "name"]),
        Case(values: ["callback_uri": ""], state: "CS003", says: ["callback_uri", "empty", "http"]),
        Case(
            values: ["secure_message": ""], state: "CS003",
            says: ["secure_message", "1 to 8,192 bytes", "NULL"]),
        Case(
            values: ["secure_message": long(4097)], state: "CS003", says: ["secure_message", "8,192 bytes"]),
        Case(values: ["reference": long(256)], state: "CS003", says: ["reference", "255 characters"]),
        Case(values: ["user_agent": long(1025)], state: "CS003", says: ["user_agent", "1024 characters"]),
        Case(values: ["message": long(156)], state: "CS004", says: ["message", "155 characters"]),
        Case(
            values: [:], state: "CS004", says: ["message", "missing", "no default"],
            setting: "auth_type_messages SET language_code = 'fr'"),
        Case(
            values: ["language_code": "de-ch", "message": ""], state: "CS004", says: ["message", "missing"],
            setting: "auth_type_messages SET language_code = 'fr'"),
    ]

    private static let kinds: [Case] = ["", "QR-CODE", "qr-code ", "'; DROP", long(100_000)].map {
        Case(values: ["auth_type": $0], state: "CS002", says: ["auth_type", "authentication type"])
    }

    private static let addresses: [Case] = [
        "https://acme.example/CB", "https://acme.example/cb/", "https://evil.example/", long(100_000),
    ].map {
        Case(values: ["callback_uri": $0], state: "CS005", says: ["callback_uri", "equal exactly"])
    }

    private static let forms: [Case] = [
        "ftp://a.example/", "javascript:alert(1)", "//a.example/", "https://", "https://u:p@a.example/",
        "https://a.example/#f", "https://a.example/ä", "https://a.example/ b", "https://a.example/\n",
        "https://a.example:123456/", "https://a.example/?q=#f", " https://a.example/",
        "https://a.example/" + String(repeating: "a", count: 2031),
    ].map {
        Case(
            values: ["callback_uri": $0], state: "CS005", says: ["callback_uri", "http or https address"],
            setting: "settings SET callback_allowlist_enabled = false")
    }

    private static let languages: [Case] = [
        "", "e", "en__us", "ÉN", "english", "en-", "en\n", "en-a", "en" + String(repeating: "-ab", count: 12),
    ].map {
        Case(values: ["language_code": $0], state: "CS003", says: ["language_code", "language tag"])
    }

    private static let hosts: [Case] = [
        "", "localhost", "10.0.0.0/8", "10.0.0.1/32", "256.0.0.1", "::1::", "10.0.0.1 x", long(100_000),
    ].map {
        Case(values: ["ip_address": $0], state: "CS003", says: ["ip_address", "IPv4 or IPv6"])
    }

    private static let characters: [Case] = ["message", "user_agent", "reference"].flatMap { column in
        ["\n", "\u{1}", "\u{7F}", "\u{85}", "\u{202E}", "\u{200B}", "\u{FEFF}"].map { character in
            Case(
                values: [column: "a\(character)b"], state: "CS003",
                says: [column, "cannot be seen or moves others", "printable"])
        }
    }

    @Test(arguments: groups) func `a bad request is refused, and nothing is stored`(group: Group) async throws
    {
        let site = try await Site.make()
        var portal = try await site.portal()
        // What is switched off leaves an event.
        let before = try await Database.current.rowCounts(besides: ["events"])
        for bad in group.cases {
            if !bad.setting.isEmpty {
                try await Database.current.arrange("UPDATE countersign.\(bad.setting)")
            }
            for rows in [[bad.values], [[:], bad.values], [[:], [:], bad.values, [:]]] {
                let error = try await portal.refusal(of: Self.insert, parameters(rows))
                #expect(error?.state == bad.state, "\(bad.testDescription) of \(rows.count)")
                let message = error?.message ?? ""
                for word in bad.says { #expect(message.contains(word), "\(bad.testDescription)") }
                #expect(message.utf8.count < 300)
            }
        }
        #expect(try await Database.current.rowCounts(besides: ["events"]) == before)
    }

    static let limits = [
        ("message", long(155)), ("message", "👩🏽‍🚀 und ‚äöü‘"), ("secure_message", long(4096)),
        ("secure_message", "-----BEGIN\nPGP MESSAGE-----\u{202E}"), ("reference", long(255)),
        ("reference", ""),
        ("user_agent", long(1024)), ("ip_address", "203.0.113.7"), ("ip_address", "2001:db8::1"),
        ("ip_address", "::ffff:203.0.113.7"), ("language_code", "nl-be"), ("language_code", "zh-hant-tw"),
        ("language_code", "en" + String(repeating: "-ab", count: 11)),
    ]

    @Test func `what is just allowed is stored as it is`() async throws {
        let site = try await Site.make()
        var portal = try await site.portal()
        var owner = try await Database.current.connect()
        for (column, value) in Self.limits {
            try await portal.run(Self.insert, parameters([[column: value], [:]]))
            let sql = "SELECT count(*) FROM countersign.auth_requests WHERE \(column) = $1"
            #expect(try await owner.run(Statement(sql, sql), [.text(value)])[0].int(0) == 1, "\(column)")
        }
        let counts = try await Database.current.rowCounts()
        #expect(counts["auth_requests"] == Self.limits.count * 2)
        #expect(counts["issue_queue"] == Self.limits.count * 2)
    }

    @Test func `the message is the default of the language, of its first part, or English`() async throws {
        let site = try await Site.make()
        try await Database.current.arrange(
            """
            INSERT INTO countersign.auth_type_messages VALUES ('qr-code', 'nl', 'Aanmelden'),
                ('qr-code', 'nl-be', 'Aanmelden in België')
            """)
        var portal = try await site.portal()
        let languages: [(String?, String)] = [
            ("nl-be", "Aanmelden in België"), ("nl-nl", "Aanmelden"), ("nl", "Aanmelden"), ("fr", "Sign in"),
            (nil, "Sign in"), ("nl-be-vls", "Aanmelden in België"), ("nl_BE", "Aanmelden in België"),
            ("NL-nl-x1", "Aanmelden"), ("EN", "Sign in"), ("nlx", "Sign in"),
        ]
        for (language, message) in languages {
            for given in [nil, ""] {
                try await portal.execute("BEGIN")
                let row: [String: String?] = ["language_code": language, "message": given]
                try await portal.run(Self.insert, parameters([row]))
                let stored = "SELECT message FROM countersign.auth_requests"
                #expect(try await portal.execute(stored).map { try $0.text(0) } == [message])
                try await portal.execute("ROLLBACK")
            }
        }
    }

    @Test func `addresses of any portal count for that portal alone`() async throws {
        let one = try await Site.make("acme")
        let other = try await Site.make("other")
        try await Database.current.arrange(
            "INSERT INTO countersign.callback_urls (portal_id, url) VALUES (\(other.portalID), 'https://o.example/')"
        )
        var portal = try await one.portal()
        let foreign = parameters([["callback_uri": "https://o.example/"]])
        #expect(try await portal.refusal(of: Self.insert, foreign)?.state == "CS005")
    }
}
