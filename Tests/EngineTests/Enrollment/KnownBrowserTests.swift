import Countersign
import Engine
import Postgres
import Support
import Testing

/// Browsers that users have signed in with: what the prompt, the result and the confirmation number make of them.
@Suite(.database) struct KnownBrowserTests {
    private static let browser = "cookie-of-128-random-bits"
    private static let start = Statement(
        "start",
        """
        INSERT INTO countersign.auth_requests (auth_type, callback_uri, browser_id)
        VALUES ('qr-code', '\(Site.callback)', $1) RETURNING transaction_id
        """)

    private struct Parties: ~Copyable {
        var portal: Connection
        var app: Connection
        let phone: SQLPhone

        static func gather(_ user: String = "alice", of site: Site) async throws -> Parties {
            let portal = try await site.portal()
            var app = try await site.app()
            let phone = try await SQLPhone.enroll(user, &app)
            return Parties(portal: portal, app: app, phone: phone)
        }

        mutating func scan(
            with browser: String = KnownBrowserTests.browser
        ) async throws -> (transaction: Identifier, code: String, prompt: String) {
            let transaction = try await portal.run(start, [.text(browser)])[0].identifier(0)
            let code = try await portal.code(transaction)
            let prompt = try await phone.send(.scan, code, &app).prompt
            return (transaction, code, try #require(prompt))
        }

        /// The line about the browser, and what the result says of it.
        mutating func signIn(
            with browser: String = KnownBrowserTests.browser, _ action: SubmissionAction = .accept
        ) async throws -> (line: String, known: Bool?) {
            let scan = try await scan(with: browser)
            #expect(try await phone.send(action, scan.code, prompt: scan.prompt, &app).reason == nil)
            let row = try await portal.run(Self.known, [.identifier(scan.transaction)])[0]
            return (String(scan.prompt.split(separator: "\n")[2]), try row.optionalBool(0))
        }

        private static let known = Statement(
            "known", "SELECT browser_known FROM countersign.auth_results WHERE transaction_id = $1")
    }

    private func withSite(_ body: (Site) async throws -> Void) async throws {
        let site = try await Site.make(signed: true)
        try await withWorkerLogin(stages: [.enroll, .issue, .validate]) { _ in try await body(site) }
    }

    private func today() async throws -> String {
        var owner = try await Database.current.connect()
        return try await owner.execute(
            "SELECT to_char(clock_timestamp() AT TIME ZONE 'UTC', 'YYYY-MM-DD')")[0].text(0)
    }

    private let new = "This browser is new to you"

    @Test func `a browser is known once its user has signed in with it`() async throws {
        try await withSite { site in
            var alice = try await Parties.gather(of: site)
            for action in [SubmissionAction.deny, .accept] {
                let (line, known) = try await alice.signIn(action)
                #expect(line == new && known == (action == .accept ? false : nil))
            }
            var days = [try await today()]
            let (line, known) = try await alice.signIn()
            days.append(try await today())
            #expect(
                days.contains { line == "You last signed in with this browser on \($0)" } && known == true)
            // Another browser, another user, another portal: none of them knows it.
            #expect(try await alice.signIn(with: "another-browser-of-her").line == new)
            var bob = try await Parties.gather("bob", of: site)
            #expect(try await bob.signIn().line == new)
            let globex = try await Site.make("globex", signed: true)
            alice.portal = try await globex.portal()
            let transaction = try await alice.portal.run(Self.start, [.text(Self.browser)])[0].identifier(0)
            let code = try await alice.portal.code(transaction)
            let prompt = try await alice.phone.send(.scan, code, &alice.app).prompt
            #expect(prompt?.contains(new) == true)
        }
    }

    /// Who reads the tables cannot tell which cookie it was, nor a portal whether another has the same visitor.
    @Test func `what is stored is a keyed digest, another one for each portal`() async throws {
        let (acme, globex) = (try await Site.make(), try await Site.make("globex"))
        for site in [acme, globex] {
            var portal = try await site.portal()
            for browser in [Self.browser, Self.browser, String(repeating: "é", count: 255)] {
                _ = try await portal.run(Self.start, [.text(browser)])
            }
            for browser in ["", "fifteen-letters", String(repeating: "x", count: 256)] {
                #expect(try await portal.refusal(of: Self.start, [.text(browser)])?.state == "CS003")
            }
            #expect(try await portal.run(Self.start, [.null]).count == 1)
        }
        let digests = try await Database.current.count(
            """
            SELECT count(DISTINCT browser_id) FROM countersign.auth_requests
            WHERE browser_id ~ '^[0-9a-f]{32}$' AND browser_id <> left(encode(sha256('\(Self.browser)'), 'hex'), 32)
            """)
        #expect(digests == 4)
    }

    @Test func `a number is asked for with a new browser, and not with a known one`() async throws {
        try await withSite { site in
            try await Database.current.arrange(
                "UPDATE countersign.auth_types SET confirm_code = 'new_browser'")
            var alice = try await Parties.gather(of: site)
            let first = try await alice.scan()
            let lines = first.prompt.split(separator: "\n")
            let number = try #require(lines[2].wholeMatch(of: /Confirmation number: ([0-9]{2})/)?.output.1)
            #expect(lines[3] == new)
            #expect(
                try await alice.phone.send(.accept, first.code, prompt: first.prompt, &alice.app).reason
                    == nil)
            #expect(try await alice.portal.status(first.transaction) == "scanned")
            // Nobody has signed in yet: the browser stays new.
            #expect(try await alice.scan().prompt.contains(new))
            let confirm = Statement(
                "confirm", "SELECT is_authenticated FROM countersign.confirm_code($1, $2)")
            let given: [Parameter] = [.identifier(first.transaction), .text(String(number))]
            #expect(try await alice.portal.run(confirm, given)[0].bool(0))

            let second = try await alice.scan()
            #expect(!second.prompt.contains("Confirmation number"))
            let other: [Parameter] = [.identifier(second.transaction), "47"]
            #expect(try await alice.portal.refusal(of: confirm, other)?.state == "CS003")
            #expect(
                try await alice.phone.send(.accept, second.code, prompt: second.prompt, &alice.app).reason
                    == nil)
            #expect(try await alice.portal.status(second.transaction) == "authenticated")
            // An answer without a scan has seen neither the number nor whether there is one.
            let third = try await alice.portal.run(Self.start, [.text(Self.browser)])[0].identifier(0)
            let code = try await alice.portal.code(third)
            #expect(try await alice.phone.send(.accept, code, &alice.app).reason == "wrong_prompt")
        }
    }

    /// The portal that confirms is in its own transaction, which a worker must not wait for.
    @Test func `nobody waits for whom a portal keeps waiting`() async throws {
        try await withSite { site in
            try await Database.current.arrange("UPDATE countersign.auth_types SET confirm_code = 'always'")
            var alice = try await Parties.gather(of: site)
            let first = try await alice.scan()
            let number = first.prompt.firstMatch(of: /Confirmation number: ([0-9]{2})/)?.output.1 ?? ""
            _ = try await alice.phone.send(.accept, first.code, prompt: first.prompt, &alice.app)
            try await Database.current.arrange("UPDATE countersign.auth_types SET confirm_code = 'never'")
            var idler = try await site.portal()
            try await idler.execute("BEGIN")
            try await idler.execute("SELECT countersign.confirm_code('\(first.transaction)', '\(number)')")
            #expect(try await alice.signIn().known == false)
            try await idler.execute("COMMIT")
            #expect(try await alice.signIn().known == true)
        }
    }

    private func fill(_ count: Int, age: String) async throws {
        try await Database.current.arrange(
            """
            INSERT INTO countersign.known_browsers (used_at, portal_id, app_id, user_id, browser_id)
            SELECT clock_timestamp() - interval '\(age)' - n * interval '1 s', portal_id, app_id, 'alice', 'browser-' || n
            FROM generate_series(1, \(count)) AS n, countersign.portals, countersign.apps
            """)
    }

    @Test func `a user has fifty of a portal, and the oldest goes`() async throws {
        try await withSite { site in
            var alice = try await Parties.gather(of: site)
            try await fill(50, age: "1 day")
            _ = try await alice.signIn()
            let kept = "SELECT count(*) FROM countersign.known_browsers"
            #expect(try await Database.current.count(kept) == 50)
            #expect(try await Database.current.count("\(kept) WHERE browser_id = 'browser-50'") == 0)
            #expect(try await alice.signIn().known == true)
            #expect(try await Database.current.count(kept) == 50)
        }
    }

    @Test func `after 400 days a browser is new, and forgotten`() async throws {
        _ = try await Site.make()
        try await Database.current.arrange(
            "INSERT INTO countersign.apps (name, login) SELECT 'spare', 'spare' WHERE NOT EXISTS (SELECT FROM countersign.apps)"
        )
        try await fill(3, age: "400 days")
        try await fill(2, age: "399 days")
        let known =
            "SELECT count(*) FROM countersign.known_browsers k WHERE countersign.browser_used_at("
            + "k.app_id, k.user_id, k.portal_id, k.browser_id) = k.used_at"
        #expect(try await Database.current.count(known) == 2)
        #expect(try await Database.current.count("SELECT countersign.forget_browsers(2)") == 2)
        #expect(try await Database.current.count("SELECT countersign.forget_browsers(2)") == 1)
        #expect(try await Database.current.count("SELECT count(*) FROM countersign.known_browsers") == 2)
    }

    @Test func `the user's erase forgets them`() async throws {
        try await withSite { site in
            var alice = try await Parties.gather(of: site)
            _ = try await alice.signIn()
            var bob = try await Parties.gather("bob", of: site)
            _ = try await bob.signIn()
            try await Database.current.arrange("SELECT countersign.erase_user(\(site.appID), 'alice', 100)")
            let (known, requests) = (
                try await Database.current.count("SELECT count(*) FROM countersign.known_browsers"),
                try await Database.current.count(
                    "SELECT count(*) FROM countersign.auth_requests WHERE browser_id IS NOT NULL")
            )
            #expect(known == 1 && requests == 1)
        }
    }
}
