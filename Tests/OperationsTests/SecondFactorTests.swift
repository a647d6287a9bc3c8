import Administration
import Countersign
import Operations
import Postgres
import Support
import Testing

/// Accounts that sign in with the code of an authenticator, too.
@Suite(.database) struct SecondFactorTests {
    private func interval() async throws -> UInt64 {
        var owner = try await Database.current.connect()
        let seconds = try await owner.execute("SELECT extract(epoch FROM clock_timestamp())::bigint")[0].int(
            0)
        return UInt64(seconds / TimeCode.step)
    }

    private func signsIn(_ browser: Browser, _ password: String, _ code: String?) async throws -> Bool {
        try await browser.post(
            "/console/login",
            [("name", "alice"), ("password", password)] + (code.map { [("code", $0)] } ?? [])
        ).status == 303
    }

    /// Of the form on the account's page, with what is typed.
    private func set(
        _ console: SignedIn, code: String, password: String, secret: String
    ) async throws -> Browser.Answer {
        try await console.browser.post(
            "/console/second-factor",
            [
                ("csrf", console.token), ("page", "account"), ("form", "second-factor"), ("secret", secret),
                ("code", code), ("password", password),
            ])
    }

    private func shownFactor(_ page: String) throws -> TimeCode {
        let secret = try #require(page.firstMatch(of: /name="secret" value="([A-Z2-7]{32})"/)).output.1
        return try #require(TimeCode(base32: String(secret)))
    }

    @Test func `it counts once a code has shown that it was set up well, and each code counts once`()
        async throws
    {
        try await withOperations { browser in
            let console = try await SignedIn(browser, as: .viewer)
            let factor = try shownFactor(try await console.page("account"))
            let (now, secret) = (try await interval(), factor.base32)
            let wrong = try await set(
                console, code: factor.code(of: now + 1_000), password: console.password, secret: secret)
            #expect(wrong.status == 422 && wrong.body.contains("that was not the code"))
            #expect(try shownFactor(wrong.body).base32 == secret, "the one that was scanned")
            let stranger = try await set(
                console, code: factor.code(of: now), password: "wrong", secret: secret)
            #expect(stranger.status == 422 && stranger.body.contains("the password of your account"))
            #expect(try await signsIn(browser, console.password, nil), "nothing was changed")

            let other = try await SignedIn.again(console, browser)
            let set = try await set(
                console, code: factor.code(of: now), password: console.password, secret: secret)
            #expect(set.status == 303)
            #expect(try await console.page("account").contains("yes: signing in needs a code"))
            #expect(try await other.get("/console/account").status == 303, "the other session has ended")
            #expect(try await !signsIn(browser, console.password, nil))
            #expect(try await !signsIn(browser, console.password, factor.code(of: now)), "was used")
            #expect(try await !signsIn(browser, "wrong", factor.code(of: now + 1)))
            #expect(try await signsIn(browser, console.password, factor.code(of: now + 1)))
            #expect(try await !signsIn(browser, console.password, factor.code(of: now + 1)), "twice")
            #expect(try await !signsIn(browser, console.password, factor.code(of: now)), "one before it")
            #expect(!LogCapture.current.text.contains(secret))
        }
    }

    @Test func `its secret is stored sealed, for that account and that password`() async throws {
        try await withOperations { browser in
            let console = try await SignedIn(browser)
            let other = try await SignedIn(browser, name: "bob")
            let factor = try shownFactor(try await console.page("account"))
            let code = factor.code(of: try await interval())
            #expect(
                try await set(
                    console, code: code, password: console.password, secret: factor.base32
                ).status == 303)
            var owner = try await Database.current.connect()
            let stored = try await owner.run(
                Statement("stored", "SELECT second_factor FROM countersign.operators WHERE name = 'alice'"))[
                    0
                ]
                .bytes(0)
            #expect(!stored.contains(factor.secret))
            try await owner.execute(
                "UPDATE countersign.operators SET second_factor = (SELECT second_factor FROM countersign.operators "
                    + "WHERE name = 'alice') WHERE name = 'bob'")
            let moved = try await browser.post(
                "/console/login",
                [
                    ("name", "bob"), ("password", other.password),
                    ("code", factor.code(of: try await interval() + 1)),
                ])
            #expect(moved.status == 401)
        }
    }

    /// All at once, so that none is looked at before the others are counted.
    @Test func `who knows the password has five codes in a quarter of an hour`() async throws {
        try await withOperations { browser in
            let console = try await SignedIn(browser)
            let factor = try shownFactor(try await console.page("account"))
            let now = try await interval()
            #expect(
                try await set(
                    console, code: factor.code(of: now), password: console.password, secret: factor.base32
                ).status == 303)
            try await withThrowingTaskGroup(of: Bool.self) { group in
                for number in 1...20 {
                    group.addTask {
                        try await signsIn(
                            browser, console.password, factor.code(of: now + 1_000 + UInt64(number)))
                    }
                }
                for try await isIn in group { #expect(!isIn) }
            }
            var owner = try await Database.current.connect()
            let tries = try await owner.execute("SELECT code_tries FROM countersign.operators")[0].int(0)
            #expect(tries == 5)
            let right = factor.code(of: now + 1)
            #expect(try await !signsIn(browser, console.password, right))
            try await owner.execute(
                "UPDATE countersign.operators SET code_tried_at = code_tried_at - interval '15 min'")
            #expect(try await signsIn(browser, console.password, right))
        }
    }

    @Test func `an operator's command removes it, and it is in the trail`() async throws {
        let admin = try await Database.current.makeLogin("admin", in: .admin)
        try await withOperations(Database.current.options(login: admin)) { browser in
            let console = try await SignedIn(browser)
            let factor = try shownFactor(try await console.page("account"))
            let code = factor.code(of: try await interval())
            #expect(
                try await set(
                    console, code: code, password: console.password, secret: factor.base32
                ).status == 303)
            try await act("operator remove-second-factor", "alice")
            #expect(
                try await console.browser.get("/console/account").status == 303, "its sessions have ended")
            #expect(try await signsIn(browser, console.password, nil))
            var owner = try await Database.current.connect()
            let trail = try await owner.execute(
                "SELECT type, coalesce(operator, '-') FROM countersign.events WHERE type LIKE '%factor%' ORDER BY event_id"
            ).map { "\(try $0.text(0)) \(try $0.text(1))" }
            #expect(
                trail == ["operator.second_factor_added console:alice", "operator.second_factor_removed -"])
        }
    }
}

extension [UInt8] {
    fileprivate func contains(_ part: [UInt8]) -> Bool { firstRange(of: part) != nil }
}

extension SignedIn {
    /// Another browser of the same account.
    static func again(_ console: SignedIn, _ browser: Browser) async throws -> Browser {
        var other = browser
        let answer = try await browser.post(
            "/console/login", [("name", "alice"), ("password", console.password)])
        other.cookie = String(try #require(answer.header("set-cookie")).prefix { $0 != ";" })
        return other
    }
}
