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
