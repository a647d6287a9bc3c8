import Administration
import Countersign
import Engine
import Foundation
import Gateway
import Postgres
import Support
import Testing

/// The programs of scripts/examples, against the running product.
@Suite(.database) struct ExampleTests {
    private static let folder = URL(filePath: #filePath).deletingLastPathComponent()
        .appending(path: "../../scripts/examples").standardizedFileURL

    private func path(_ name: String) -> String { Self.folder.appending(path: name).path }

    /// A site whose type is called as in the examples.
    private func site() async throws -> GatewaySite {
        let site = try await GatewaySite.make()
        try await Database.current.arrange(
            "UPDATE countersign.auth_types SET name = 'qr-code' WHERE name = 'otp'")
        return site
    }

    private func code(_ program: RunningProgram) async throws -> String {
        try await program.line(startingWith: "code ").replacing("code ", with: "")
    }

    /// Of those that this machine can run.
    private static let pages = [
        ("/usr/bin/python3", "portal-page.py"), ("/usr/bin/node", "portal-page.mjs"),
        ("/usr/bin/java", "PortalPage.java"), ("/usr/bin/php", "portal-page.php"),
    ].filter { FileManager.default.isExecutableFile(atPath: $0.0) }

    /// Whole portals with the drop-in page: the code is read off a browser's screen, and scanned by a phone.
    @Test(arguments: pages) func `portals with the drop-in page`(runtime: String, name: String) async throws {
        let site = try await site()
        let issuer = try TokenIssuer()
        try await withSite(site, { $0.tokens = issuer.rules(app: site.app) }) { http in
            let phone = try TerminalPhone(http, token: try issuer.token(), by: .file)
            defer { phone.remove() }
            #expect(try await phone.run("enroll", "--user", "alice").status == 0)
            let program = try RunningProgram(
                [path(name), "http://127.0.0.1:\(http.port)", GatewaySite.callback], of: runtime,
                environment: [
                    "CREDENTIALS": "\(site.credential.clientID):\(site.credential.secret)",
                    "PATH": "/usr/bin",
                ])
            let address = try await address(program)
            try await PageSite.allow(address, of: site.portal)
            try await Chromium.run { browser in
                let tab = try await browser.tab(address)
                let scan = try await phone.run("scan", try await tab.code(name))
                #expect(scan.status == 0 && scan.output.contains("This browser is new to you"))
                try await tab.wait(phase: "scanned")
                #expect(try await phone.run("accept").output == "accepted\n")
                try await eventually("the portal has signed in") {
                    try await tab.value("document.querySelector('h1')?.textContent") == "Signed in as alice"
                }
                #expect(try await tab.log().filter { $0.contains("Content Security Policy") } == [])
            }
            program.kill()
        }
    }

    /// Of its own words, or those of PHP's web server.
    private func address(_ program: RunningProgram) async throws -> String {
        let words = /(?:^listening on |Development Server \()(http:[0-9.:\/]+)/.anchorsMatchLineEndings()
        try await eventually("it listens") { program.text.contains(words) }
        return String(try #require(program.text.firstMatch(of: words)).output.1)
    }

    /// Anybody may post to a portal's callback address.
    @Test func `forged webhooks are refused by the receiver that portals copy`() async throws {
        let secret = base64("0123456789abcdef0123456789abcdef")
        try await withIdlePort { port in
            let program = try RunningProgram(
                [path("receiver.py"), "\(port)"], of: "/usr/bin/python3",
                environment: ["WEBHOOK_SECRET": "whsec_" + secret])
            let http = RawHTTP(port: port)
            try await eventually("it answers") {
                (try? await http.send(request("POST", "/cb", body: "no JSON")))?.status == 401
            }
            let now = "\(Int(Date().timeIntervalSince1970))"
            let forged = [
                ["webhook-id": "a", "webhook-timestamp": "abc", "webhook-signature": "v1,AA=="],
                ["webhook-id": "a", "webhook-timestamp": now, "webhook-signature": "v1,é"],
                ["webhook-id": "a", "webhook-timestamp": now],
            ]
            for headers in forged {
                #expect(try await http.send(request("POST", "/cb", headers, body: "{}")).status == 401)
            }
            let text = "POST /cb HTTP/1.1\r\nHost: x\r\nContent-Length: abc\r\n\r\n"
            #expect(try await http.send(text).status == 401)
            #expect(program.errors.isEmpty, "\(program.errors)")
            program.kill()
        }
    }

    @Test func `a portal in Python that speaks SQL`() async throws {
        let site = try await site()
        try await withWorker { _ in
            let portal = try await Database.current.makeLogin("python", in: .portal)
            try await Database.current.arrange(
                "UPDATE countersign.portals SET login = \(quotedLiteral(portal.name))")
            let program = try RunningProgram(
                [path("portal.py"), GatewaySite.callback], of: "/usr/bin/python3",
                environment: ["DATABASE_URL": Database.current.url(login: portal)])
            try await answerByApp(site, try await code(program), .accept)
            #expect(try await program.line(startingWith: "signed in") == "signed in as alice")
            #expect(try await program.outcome().status == 0)
        }
    }

    @Test(arguments: [(SubmissionAction.accept, "signed in as alice"), (.deny, "not signed in: denied")])
    func `the same over HTTP with curl`(action: SubmissionAction, end: String) async throws {
        let site = try await site()
        try await withSite(site) { http in
            let program = try RunningProgram(
                [path("portal-http.sh"), GatewaySite.callback], of: "/bin/bash",
                environment: [
                    "BASE": "http://127.0.0.1:\(http.port)",
                    "CREDENTIALS": "\(site.credential.clientID):\(site.credential.secret)",
                ])
            try await answerByApp(site, try await code(program), action)
            let last = action == .accept ? "signed in" : "not signed in"
            #expect(try await program.line(startingWith: last) == end)
            #expect(try await program.outcome().status == 0)
        }
    }
}
