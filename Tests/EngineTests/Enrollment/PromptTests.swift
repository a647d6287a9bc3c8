import Countersign
import Engine
import Foundation
import Places
import Postgres
import Support
import Testing

/// What the phone shows: each part on a line of its own, that no other can imitate.
@Suite(.database) struct PromptTests {
    private func prompt(
        _ agent: String?, _ address: String?, message: String? = nil, _ portal: inout Connection,
        _ app: inout Connection,
        _ phone: SQLPhone
    ) async throws -> [String] {
        let insert = Statement(
            "insert for prompt",
            """
            INSERT INTO countersign.auth_requests (auth_type, callback_uri, user_agent, ip_address, message)
            VALUES ('qr-code', '\(Site.callback)', $1, $2, $3) RETURNING transaction_id
            """)
        let texts: [Parameter] = [Parameter(agent), Parameter(address), Parameter(message)]
        let id = try await portal.run(insert, texts)[0].identifier(0)
        let code = try await portal.code(id)
        let prompt = try #require(try await phone.send(.scan, code, &app).prompt)
        #expect(try await phone.send(.deny, code, prompt: prompt, &app).result == "accepted")
        return prompt.split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
    }

    @Test func `the visitor's own words stay behind their label, and after the address`() async throws {
        let site = try await Site.make(signed: true)
        try await withWorkerLogin { _ in
            var portal = try await site.portal()
            var app = try await site.app()
            let phone = try await SQLPhone.enroll("alice", &app)
            let here = "203.0.113.7"
            let forged = "Firefox, Location: your home"
            #expect(
                try await prompt(forged, here, &portal, &app, phone)
                    == ["ACME", "Sign in", "Location: \(here)", "Device: \(forged)"])
            #expect(
                try await prompt(forged, nil, &portal, &app, phone)
                    == ["ACME", "Sign in", "Location: unknown", "Device: \(forged)"])
            // Spread so far that a narrow screen would begin a line with it.
            let spread = "Firefox" + String(repeating: " \u{A0}\u{3000}", count: 40) + "Location: your home"
            #expect(
                try await prompt(spread, here, &portal, &app, phone).last
                    == "Device: Firefox Location: your home")
            let long = try await prompt(String(repeating: "x", count: 1_000), here, &portal, &app, phone)
            #expect(long.last == "Device: " + String(repeating: "x", count: 160))
            #expect(
                try await prompt(nil, here, message: "Device: yours", &portal, &app, phone)
                    == ["ACME", "Device: yours", "Location: \(here)"])
            #expect(try await prompt(nil, nil, &portal, &app, phone) == ["ACME", "Sign in"])
        }
    }

    @Test func `the place of the visitor's address is told where a file of places is given`() async throws {
        try await PlaceFiles.with { file in
            let places = try Places(path: file.path, logger: LogCapture.current.logger())
            let site = try await Site.make()
            try await withWorker(places: places) { _ in
                var portal = try await site.portal()
                var app = try await site.app()
                let here = "203.0.113.7"
                let told = ["ACME", "Sign in", "Location: The Hague, North Holland, NL (\(here))"]
                let phone = try await SQLPhone.enroll("alice", &app)
                #expect(try await prompt(nil, here, &portal, &app, phone) == told)
                try await Database.current.arrange(
                    """
                    UPDATE countersign.auth_type_messages SET visitor_line = 'In [city] ([countryCode])';
                    INSERT INTO countersign.auth_type_messages VALUES ('qr-code', 'nl', 'Inloggen', 'Vanuit [city] ([countryCode])')
                    """)
                #expect(try await prompt(nil, here, &portal, &app, phone).last == "In The Hague (NL)")
                try await Database.current.arrange(
                    "UPDATE countersign.auth_type_messages SET visitor_line = NULL")
                #expect(try await prompt(nil, "10.0.0.1", &portal, &app, phone).last == "Location: 10.0.0.1")

                let unsigned = try await app.enroll("bob")
                let id = try await portal.execute(
                    """
                    INSERT INTO countersign.auth_requests (auth_type, callback_uri, ip_address)
                    VALUES ('qr-code', '\(Site.callback)', '\(here)') RETURNING transaction_id
                    """)[0].identifier(0)
                let code = try await portal.code(id)
                let shown = try await app.submit(unsigned, code, "scan").prompt
                #expect(shown?.split(separator: "\n").map(String.init) == told)
            }
        }
    }
}
