import Foundation
import Gateway
import Postgres
import Support
import Synchronization
import Testing

/// The drop-in sign-in page on the demo portal, in a real browser: the code is read from a picture of the screen, and the
/// page changes by itself.
@Suite(.database, .serialized) struct DemoTests {
    private struct Scene: Sendable {
        let site: GatewaySite
        let http: RawHTTP
        let browser: Chromium
        let issuer: TokenIssuer

        var address: String { "http://127.0.0.1:\(http.port)/demo" }

        /// An enrolled phone in a terminal.
        func phone(of user: String, _ way: TerminalPhone.Way = .file) async throws -> TerminalPhone {
            let phone = try TerminalPhone(http, token: try issuer.token(user), by: way)
            let enrolled = try await phone.run("enroll", "--user", user)
            #expect(enrolled.output.hasPrefix("enrolled \(user) on phone: "), "\(enrolled)")
            return phone
        }
    }

    private func withScene(
        template: String? = nil, expiresIn: Int = 180, type: String? = nil,
        _ body: (Scene) async throws -> Void
    ) async throws {
        let site = try await GatewaySite.make(expiresIn: expiresIn)
        if let type { try await Database.current.arrange("UPDATE countersign.auth_types SET \(type)") }
        let issuer = try TokenIssuer()
        try await withSite(
            site,
            { configuration in
                configuration.tokens = issuer.rules(app: site.app)
                configuration.linkTemplate = template.flatMap { LinkTemplate($0) }
                configuration.demo = DemoConfiguration(
                    portal: site.portal, type: "otp", callback: GatewaySite.callback)
            }
        ) { http in
            try await Chromium.run { browser in
                try await body(Scene(site: site, http: http, browser: browser, issuer: issuer))
            }
        }
    }

    private func count(_ status: String) async throws -> Int {
        try await Database.current.count(
            "SELECT count(*) FROM countersign.auth_requests WHERE status = '\(status)'")
    }

    @Test func `sign in, decline, a second phone, two tabs, a reload, and leaving`() async throws {
        try await withScene { scene in
            let alice = try await scene.phone(of: "alice", .argument)
            defer { alice.remove() }
            let bob = try await scene.phone(of: "bob")
            defer { bob.remove() }

            // Two tabs are two sign-ins.
            let first = try await scene.browser.tab(scene.address)
            let code = try await first.code("first tab")
            #expect(try await first.status() == "Waiting for your phone")
            let second = try await scene.browser.tab(scene.address)
            let other = try await second.code("second tab")
            #expect(code != other && code.count == 64)

            let scanned = try await alice.run("scan", code)
            #expect(scanned.status == 0 && scanned.output.hasPrefix("ACME\nSign in"), "\(scanned)")
            #expect(scanned.output.contains("This browser is new to you"))
            try await first.wait(phase: "scanned")
            #expect(try await first.status() == "Confirm on your phone")
            #expect(try await zbar(try await first.screenshot("scanned"), "png") == nil)
            #expect(try await second.phase() == "code")
            // A second phone gets nothing, and the page does not change.
            let refused = try await bob.run("accept", code)
            #expect(refused.status == 65)
            let accepted = try await alice.run("accept")
            #expect(accepted.status == 0 && accepted.output == "accepted\n")
            try await eventually("the portal has signed in") {
                try await first.value("document.querySelector('h1')?.textContent") == "Signed in as alice"
            }
            // Neither the code nor anything that leads to it stands in an address.
            #expect(
                try await first.value("location.href") == "http://127.0.0.1:\(scene.http.port)/demo/signed-in"
            )

            #expect(try await bob.run("scan", other).status == 0)
            try await second.wait(phase: "scanned")
            #expect(try await bob.run("deny").output == "denied\n")
            try await second.wait(phase: "denied")
            #expect(try await second.status() == "Declined on the phone")
            // The keyboard alone leads to a new one.
            try await second.type("\t")
            #expect(try await second.value("document.activeElement.className") == "countersign-again")
            try await second.type("\n")
            let third = try await second.code("again")

            // A reload is another sign-in; the one before is cancelled, and so is that of who leaves.
            try await second.reload()
            #expect(try await second.code("after a reload") != third)
            try await eventually("the one before is cancelled") { try await count("cancelled") > 0 }
            try await second.go(to: "about:blank")
            try await eventually("the visitor has left") { try await count("cancelled") > 1 }
            // And comes back by the browser's button: the code that he had is no good any more.
            try await second.back()
            let back = try await second.code("back")
            #expect(try await bob.run("scan", back).status == 0)
            try await second.wait(phase: "scanned")
        }
    }

    @Test func `before its end a code is followed by a new one, and is good until then`() async throws {
        try await withScene(expiresIn: 30) { scene in
            let alice = try await scene.phone(of: "alice")
            defer { alice.remove() }
            let tab = try await scene.browser.tab(scene.address)
            let first = try await tab.code("before the end")
            let drawn = try await tab.drawn()
            try await eventually("a new code") { try await tab.drawn() != drawn }
            #expect(try await tab.code("renewed") != first)
            // Somebody had read the one before at the last moment.
            #expect(try await alice.run("scan", first).status == 0)
            try await tab.wait(phase: "scanned")
            try await eventually("the new one is cancelled") { try await count("cancelled") > 0 }
            #expect(try await alice.run("accept").output == "accepted\n")
            try await eventually("signed in") {
                try await tab.value("document.querySelector('h1')?.textContent") == "Signed in as alice"
            }
        }
    }

    /// A browser has six connections to a server over HTTP/1.1, for all its tabs.
    @Test func `tabs that nobody sees keep no connection`() async throws {
        try await withScene(expiresIn: 600) { scene in
            let alice = try await scene.phone(of: "alice")
            defer { alice.remove() }
            let first = try await scene.browser.tab(scene.address)
            let code = try await first.code("the first of many")
            for _ in 0..<7 {
                let tab = try await scene.browser.tab(scene.address)
                try await tab.wait(phase: "code")
            }
            // The one behind them all hears of it.
            #expect(try await alice.run("scan", code).status == 0)
            #expect(try await alice.run("accept").output == "accepted\n")
            try await eventually("signed in") {
                try await first.value("document.querySelector('h1')?.textContent") == "Signed in as alice"
            }
        }
    }

    /// As one does that collects an answer until it ends: nothing of the stream comes through, not even its head.
    @Test func `behind a proxy that lets no stream through`() async throws {
        try await withScene { scene in
            let alice = try await scene.phone(of: "alice")
            defer { alice.remove() }
            let streams = Mutex<Set<Int>>([])
            let collect: Proxy.Rule = { connection, direction, text in
                if direction == .toServer {
                    let isStream = text().contains("/events HTTP/1.1")
                    streams.withLock { if isStream { $0.insert(connection) } else { $0.remove(connection) } }
                    return .pass
                }
                return streams.withLock { $0.contains(connection) } ? .swallow : .pass
            }
            try await Proxy.run(before: scene.http.port, collect) { proxy in
                let tab = try await scene.browser.tab("http://127.0.0.1:\(proxy.port)/demo")
                let code = try await tab.code("asked for")
                #expect(streams.withLock { !$0.isEmpty })
                #expect(try await alice.run("scan", code).status == 0)
                try await tab.wait(phase: "scanned")
                #expect(try await alice.run("accept").status == 0)
                try await eventually("signed in") {
                    try await tab.value("document.querySelector('h1')?.textContent") == "Signed in as alice"
                }
            }
        }
    }

    @Test func `a sign-in that expires says so`() async throws {
        try await withScene { scene in
            let tab = try await scene.browser.tab(scene.address)
            _ = try await tab.code("a code")
            try await Database.current.arrange(
                """
                UPDATE countersign.auth_requests SET expires_at = clock_timestamp(), open_until = clock_timestamp()
                WHERE open_until IS NOT NULL
                """)
            try await tab.wait(phase: "expired")
            #expect(try await tab.status() == "The code has expired")
            try await tab.keep("expired")
        }
    }

    @Test func `the number on the phone is typed on the page`() async throws {
        try await withScene(type: "confirm_code = 'always'") { scene in
            let alice = try await scene.phone(of: "alice")
            defer { alice.remove() }
            let tab = try await scene.browser.tab(scene.address)
            let shown = try await alice.run("scan", try await tab.code("a code")).output
            let number = try #require(shown.firstMatch(of: /Confirmation number: ([0-9]{2})/)?.output.1)
            try await tab.wait(phase: "number")
            try await tab.keep("number")
            // The field has the focus.
            try await tab.type("\(number == "00" ? "01" : "00")\n")
            try await eventually("it is wrong") {
                try await tab.status() == "That is not the number on your phone. Tries left: 2"
            }
            try await tab.type("\(number)\n")
            try await tab.wait(phase: "scanned")
            #expect(try await tab.status() == "That is the number. Now confirm on your phone")
            #expect(try await alice.run("accept").output == "accepted\n")
            try await eventually("signed in") {
                try await tab.value("document.querySelector('h1')?.textContent") == "Signed in as alice"
            }
        }
    }

    @Test func `codes that change are drawn one after the other`() async throws {
        try await withScene(type: "code_rotation = 2") { scene in
            let alice = try await scene.phone(of: "alice")
            defer { alice.remove() }
            let tab = try await scene.browser.tab(scene.address)
            let first = try await tab.code("a code")
            let drawn = try await tab.drawn()
            try await eventually("the next code") { try await tab.drawn() != drawn }
            #expect(try await tab.code("the next") != first)
            #expect(try await alice.run("scan", try await tab.code("to scan")).status == 0)
            try await tab.wait(phase: "scanned")
        }
    }

    @Test func `light and dark, narrow and wide, in six languages`() async throws {
        try await withScene(template: "acme://sign-in?otp={otp}") { scene in
            for (name, width, dark) in [("light", 800, false), ("dark", 800, true), ("360", 360, true)] {
                let tab = try await scene.browser.tab(scene.address, width: width, height: 780, dark: dark)
                let link = try await tab.code(name)
                #expect(link.wholeMatch(of: /acme:\/\/sign-in\?otp=[A-Za-z0-9_-]{64}/) != nil)
                #expect(try await tab.value("document.querySelector('.countersign-open').href") == link)
                let isOpen =
                    "getComputedStyle(document.querySelector('.countersign-open')).display !== 'none'"
                #expect(try await tab.value(isOpen) == "\(width == 360)")
                let overflow = "document.documentElement.scrollWidth <= window.innerWidth"
                #expect(try await tab.value(overflow) == "true")
                try await tab.keep(name)
                let faults = try await tab.value(
                    "[...document.querySelectorAll('.countersign-box svg')].every(s => s.getAttribute('aria-label'))"
                )
                #expect(faults == "true")
                let violations = try await tab.log().filter { $0.contains("Content Security Policy") }
                #expect(violations == [])
            }
            for (tag, title) in [
                ("de-AT", "Mit dem Handy anmelden"), ("nl", "Inloggen met uw telefoon"),
                ("fr_CA", "Se connecter avec le téléphone"), ("es", "Iniciar sesión con el teléfono"),
                ("it", "Accedi con il telefono"), ("sv", "Sign in with your phone"),
            ] {
                let tab = try await scene.browser.tab(scene.address, width: 360, height: 780)
                _ = try await tab.script(
                    """
                    const root = document.querySelector('[data-countersign]').cloneNode();
                    root.dataset.lang = '\(tag)';
                    document.querySelector('main').replaceChildren(root);
                    const script = document.createElement('script');
                    script.src = '/widget/v1/countersign.js';
                    document.head.append(script);
                    """)
                try await tab.wait(phase: "code")
                #expect(
                    try await tab.value("document.querySelector('.countersign-title').textContent") == title)
                #expect(
                    try await tab.value("document.documentElement.scrollWidth <= window.innerWidth") == "true"
                )
                if tag == "de-AT" { try await tab.keep("german") }
            }
        }
    }

    @Test func `the page lets nothing else in, and believes no page`() async throws {
        let site = try await GatewaySite.make()
        try await withGateway(
            site,
            { $0.demo = DemoConfiguration(portal: site.portal, type: "otp", callback: GatewaySite.callback) }
        ) { http in
            for path in ["/demo", "/demo/demo.css"] {
                let answer = try await http.send(request("GET", path))
                let policy = try #require(answer.header("Content-Security-Policy"))
                #expect(
                    answer.status == 200 && policy.contains("default-src 'none'")
                        && !policy.contains("unsafe"))
                #expect(!answer.body.contains("<script>") && !answer.body.contains("style="))
            }
            let form = ["Content-Type": "application/x-www-form-urlencoded"]
            let guess = try await http.send(
                request(
                    "POST", "/demo/signed-in", form, body: "transaction_id=\(Identifier.random())"))
            #expect(guess.body.contains("This browser has not begun that sign-in"))
            let description = try await http.send(request("GET", "/openapi.json"))
            #expect(!description.body.contains("/demo"))
        }
    }
}
