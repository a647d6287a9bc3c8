import Foundation
import Gateway
import Postgres
import Support
import Testing

/// The demo portal in a real browser: the code is read from a picture of the screen, and the page changes by itself.
@Suite(.database, .serialized) struct DemoTests {
    private struct Scene: Sendable {
        let site: GatewaySite
        let http: RawHTTP
        let browser: Chromium
        let issuer: TokenIssuer

        var address: String { "http://127.0.0.1:\(http.port)/demo" }

        /// An enrolled phone in a terminal.
        func phone(of user: String, _ way: TerminalPhone.Way) async throws -> TerminalPhone {
            let phone = try TerminalPhone(http, token: try issuer.token(user), by: way)
            let enrolled = try await phone.run("enroll", "--user", user)
            #expect(enrolled.output.hasPrefix("enrolled \(user) on phone: "), "\(enrolled)")
            return phone
        }
    }

    private func withScene(
        template: String? = nil, _ body: (Scene) async throws -> Void
    ) async throws {
        let site = try await GatewaySite.make()
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

    /// What a phone's camera would see.
    private func read(_ picture: Data) async throws -> String {
        try #require(try await zbar(picture, "png"))
    }

    @Test func `sign in, decline, a second phone, two tabs, a reload, and expiry`()
        async throws
    {
        try await withScene { scene in
            let alice = try await scene.phone(of: "alice", .argument)
            defer { alice.remove() }
            let bob = try await scene.phone(of: "bob", .file)
            defer { bob.remove() }

            // Two tabs are two visitors.
            let first = try await scene.browser.tab(scene.address)
            let code = try await read(try await first.code("first tab"))
            try await first.wait(for: "Waiting for your phone")
            let second = try await scene.browser.tab(scene.address)
            let other = try await read(try await second.code("second tab"))
            #expect(code != other && code.count == 64)

            let scanned = try await alice.run("scan", code)
            #expect(scanned.status == 0 && scanned.output.hasPrefix("ACME\nSign in"), "\(scanned)")
            try await first.wait(for: "Scanned. Confirm on your phone")
            #expect(try await first.value("document.getElementById('code').hidden") == "true")
            #expect(try await second.status() == "Waiting for your phone")
            // A second phone gets nothing, and the page does not change.
            let refused = try await bob.run("accept", code)
            #expect(refused.status == 65)
            #expect(
                refused.text
                    == "countersign: the server refuses: the code is not valid; show a new one\n"
            )
            let accepted = try await alice.run("accept")
            #expect(accepted.status == 0 && accepted.output == "accepted\n")
            try await first.wait(for: "Signed in as alice")
            try await first.screenshot("signed in")
            // Neither the code nor anything that leads to it stands in an address.
            #expect(try await first.value("location.href") == scene.address)

            let scannedToo = try await bob.run("scan", other)
            #expect(scannedToo.status == 0, "\(scannedToo)")
            try await second.wait(for: "Scanned. Confirm on your phone")
            let denied = try await bob.run("deny")
            #expect(denied.status == 0 && denied.output == "denied\n")
            try await second.wait(for: "Declined on the phone")

            // A reload is a new visitor, whose code can expire.
            try await second.reload()
            let third = try await read(try await second.code("after a reload"))
            #expect(third != other)
            var owner = try await Database.current.connect()
            try await owner.execute(
                """
                UPDATE countersign.auth_requests SET expires_at = clock_timestamp(), open_until = clock_timestamp()
                WHERE open_until IS NOT NULL
                """)
            try await second.wait(for: "Expired. Show a new code to try again")
            // The keyboard alone leads to a new one.
            try await second.type("\t")
            #expect(try await second.value("document.activeElement.id") == "again")
            try await second.type("\n")
            try await second.wait(for: "Waiting for your phone")
        }
    }

    @Test
    func `on a narrow screen in the dark the code is read, and nothing overflows`() async throws {
        try await withScene(template: "acme://sign-in?otp={otp}") { scene in
            let tab = try await scene.browser.tab(scene.address, width: 360, height: 740, dark: true)
            let link = try await read(try await tab.code("narrow and dark"))
            #expect(link.wholeMatch(of: /acme:\/\/sign-in\?otp=[A-Za-z0-9_-]{64}/) != nil)
            #expect(try await tab.value("document.getElementById('open').href") == link)
            #expect(try await tab.value("window.innerWidth") == "360")
            let overflow = "document.documentElement.scrollWidth <= window.innerWidth"
            #expect(try await tab.value(overflow) == "true")
            // What a screen reader is told: a language, a name for the picture, and the changes.
            #expect(try await tab.value("document.documentElement.lang") == "en")
            #expect(try await tab.value("document.getElementById('image').alt") == "QR code for the app")
            #expect(try await tab.value("document.getElementById('status').getAttribute('role')") == "status")
        }
    }

    @Test func `the page lets nothing else in`() async throws {
        let site = try await GatewaySite.make()
        try await withGateway(
            site,
            { $0.demo = DemoConfiguration(portal: site.portal, type: "otp", callback: GatewaySite.callback) }
        ) { http in
            for path in ["/demo", "/demo/demo.css", "/demo/demo.js"] {
                let answer = try await http.send(request("GET", path))
                let policy = try #require(answer.header("Content-Security-Policy"))
                #expect(
                    answer.status == 200 && policy.contains("default-src 'none'")
                        && !policy.contains("unsafe"))
                #expect(answer.header("Referrer-Policy") == "no-referrer")
                #expect(!answer.body.contains("<script>") && !answer.body.contains("style="))
            }
            #expect(try await http.send(request("GET", "/demo/sign-ins/guess/qr.svg")).status == 404)
            #expect(try await http.send(request("GET", "/demo/sign-ins/guess/events")).status == 404)
            let description = try await http.send(request("GET", "/openapi.json"))
            #expect(!description.body.contains("/demo"))
        }
    }
}

extension Chromium.Tab {
    /// What the demo's page says of how things stand.
    fileprivate func status() async throws -> String {
        try await value("document.getElementById('status').textContent")
    }

    fileprivate func wait(for words: String, sourceLocation: SourceLocation = #_sourceLocation) async throws {
        try await eventually("the page says: \(words)", sourceLocation: sourceLocation) {
            try await status() == words
        }
    }

    /// Waits until the code is shown, and gives the picture of it.
    fileprivate func code(_ name: String) async throws -> Data {
        let isShown = "i.complete && i.naturalWidth > 0 && !!document.body.dataset.status"
        try await eventually("a code is shown") {
            try await value("(i => \(isShown))(document.getElementById('image'))") == "true"
        }
        return try await screenshot(name)
    }
}
