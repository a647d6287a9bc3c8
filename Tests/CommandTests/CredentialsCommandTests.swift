import Administration
import Countersign
import Foundation
import Postgres
import Support
import Testing

@Suite(.database) struct CredentialsCommandTests {
    private func admin() async throws -> Shell {
        let key = MasterKeyText.make()
        let admin = try await Shell.member(of: .admin, key: key)
        try await admin.succeed("portal", "add", "acme", "--role", Database.current.unique("acme"))
        return admin
    }

    @Test func `a client id and its secret are printed once, and only a digest is kept`() async throws {
        let admin = try await admin()
        let outcome = try await admin.succeed("portal", "credentials", "acme")
        let client = try #require(outcome.value(of: "client id"))
        let secret = try #require(outcome.value(of: "client secret"))
        #expect(client.wholeMatch(of: /acme-[0-9a-f]{8}/) != nil)
        #expect(secret.wholeMatch(of: /[A-Za-z0-9_-]{32}/) != nil)
        let listed = try await admin.succeed("portal", "credentials", "list", "acme", "--json")
        #expect(listed.output.contains(client) && !listed.output.contains(secret))
        var owner = try await Database.current.connect()
        let stored = try await owner.execute("SELECT secret_hash FROM countersign.portal_credentials")[0]
            .text(0)
        #expect(try #require(SecretDigest(stored)).fits(secret))
        let events = try await owner.execute("SELECT string_agg(e::text, '') FROM countersign.events e")[0]
            .text(0)
        #expect(events.contains("portal.credential_added") && !events.contains(secret))
    }

    @Test func `rotating and removing`() async throws {
        let admin = try await admin()
        let first = try await admin.succeed("portal", "credentials", "add", "acme", "--client-id", "web")
        let second = try await admin.succeed("portal", "credentials", "rotate", "acme", "web")
        #expect(first.value(of: "client secret") != second.value(of: "client secret"))
        try await admin.succeed("portal", "credentials", "remove", "acme", "web")
        #expect(try await admin.succeed("portal", "credentials", "list").output == "no client ids\n")
        let sentence =
            "portal acme has no client id web: `countersign portal credentials list acme` shows those it has"
        try await admin.run("portal", "credentials", "remove", "acme", "web").expect(65, sentence)
        try await admin.run("portal", "credentials", "rotate", "acme", "web").expect(65, sentence)
    }

    @Test func `what is refused`() async throws {
        let admin = try await admin()
        for number in 1...PortalCredential.allowed {
            try await admin.succeed("portal", "credentials", "add", "acme", "--client-id", "web-\(number)")
        }
        try await admin.run("portal", "credentials", "add", "acme").expect(
            65, "portal acme has 5 client ids already: remove one that is no longer used first")
        try await admin.run("portal", "credentials", "add", "nobody").expect(
            65, "there is no portal nobody; there is acme")
        try await admin.succeed("portal", "credentials", "remove", "acme", "web-5")
        try await admin.run("portal", "credentials", "add", "acme", "--client-id", "web-1").expect(
            65, "there is such a client id already")
        try await admin.run("portal", "credentials", "add", "acme", "--client-id", "a b").expect(
            65, "a client id must be 1 to 64 of A-Z, a-z, 0-9, ., _ and -, and begin with a letter or a digit"
        )
    }

    @Test func `a QR code in the terminal`() async throws {
        let given = try await Shell().succeed("qr", "https://acme.example")
        let piped = try await Shell().succeed("qr", "-", input: "https://acme.example\n")
        #expect(given.output == piped.output && given.output.contains("\u{2588}"))
        #expect(!given.output.contains("\u{1B}"), "no terminal reads it")
        for (variable, isPlain) in [("NO_COLOR", true), ("NO_COLOUR", false)] {
            // In a terminal of its own.
            let shown = try await Shell().with(variable, "1").with("TERM", "xterm").start(
                [
                    "/usr/bin/script", "--quiet", "--return", "--command",
                    "'\(RunningProgram.executable.path)' qr https://acme.example", "/dev/null",
                ], isProgram: false
            ).outcome()
            #expect(shown.status == 0 && shown.output.contains("\u{2588}"))
            #expect(shown.output.contains("\u{1B}[30;107m") != isPlain, "\(variable)")
        }
        let long = String(repeating: "x", count: 2_332)
        try await Shell().run("qr", long).expect(65, "a QR code holds 1 to 2331 bytes")
        try await Shell().run("qr", "-").expect(65, "a QR code holds 1 to 2331 bytes")
    }
}
