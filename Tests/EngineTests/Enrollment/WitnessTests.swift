import Countersign
import Engine
import Foundation
import Places
import Postgres
import Support
import Testing

/// The device says from where it comes, and the visitor's network is compared with that.
@Suite(.database) struct WitnessTests {
    private static let start = Statement(
        "start",
        """
        INSERT INTO countersign.auth_requests (auth_type, callback_uri, ip_address)
        VALUES ('qr-code', '\(Site.callback)', $1) RETURNING transaction_id
        """)
    private static let submit = Statement(
        "submit_from",
        """
        INSERT INTO countersign.submissions (enrollment_id, otp, action, ip_address, user_agent)
        VALUES ($1::uuid::text, $2, $3, $4, $5) RETURNING submission_id
        """)
    private static let result = Statement(
        "match",
        "SELECT network_match, country_match FROM countersign.auth_results WHERE transaction_id = $1")

    private struct Parties: ~Copyable {
        var portal: Connection
        var app: Connection
        let alice: Identifier
        var transaction = Identifier.random()
        var code = ""

        static func gather(_ setting: String) async throws -> Parties {
            let site = try await Site.make()
            try await Database.current.arrange("UPDATE countersign.auth_types SET \(setting)")
            let portal = try await site.portal()
            var app = try await site.app()
            let alice = try await app.enroll("alice")
            return Parties(portal: portal, app: app, alice: alice)
        }

        mutating func start(from address: String?) async throws {
            transaction = try await portal.run(WitnessTests.start, [Parameter(address)])[0].identifier(0)
            code = try await portal.code(transaction)
        }

        /// Reason and prompt.
        mutating func submit(
            _ action: String, from address: String?, _ agent: String? = nil
        ) async throws -> (reason: String?, prompt: String?) {
            let given: [Parameter] = [
                .identifier(alice), .text(code), .text(action), Parameter(address), Parameter(agent),
            ]
            let id = try await app.run(WitnessTests.submit, given)[0].identifier(0)
            let row = try await app.outcome(id)
            return (try row.optionalText(1), try row.optionalText(2))
        }

        mutating func match() async throws -> String? {
            try await portal.run(WitnessTests.result, [.identifier(transaction)])[0].optionalText(0)
        }

        mutating func country() async throws -> String? {
            try await portal.run(WitnessTests.result, [.identifier(transaction)])[0].optionalText(1)
        }
    }

    private static let pairs: [(String?, String?, String)] = [
        ("203.0.113.7", "203.0.113.200", "same"), ("203.0.113.7", "203.0.114.7", "other"),
        ("203.0.113.7", "::ffff:203.0.113.9", "same"), ("2001:db8:1:100::1", "2001:db8:1:1ff::2", "same"),
        ("2001:db8:1:100::1", "2001:db8:1:200::1", "other"), ("203.0.113.7", "2001:db8::1", "unknown"),
        (nil, "203.0.113.7", "unknown"), ("203.0.113.7", nil, "unknown"), ("203.0.113.7", "none", "unknown"),
    ]

    @Test func `it is told in the prompt, the result and the audit trail`() async throws {
        try await withWorkerLogin(stages: [.enroll, .issue, .validate]) { _ in
            var all = try await Parties.gather("same_network = 'tell'")
            let words = [
                "same": "The browser is in this device's network",
                "other": "The browser is in another network than this device",
                "unknown": "Whether the browser is in this device's network is unknown",
            ]
            for (visitor, device, match) in Self.pairs {
                try await all.start(from: visitor)
                let prompt = try await all.submit("scan", from: device).prompt ?? ""
                #expect(prompt.split(separator: "\n").dropFirst(2).first.map(String.init) == words[match])
                #expect(try await all.submit("accept", from: device).reason == nil)
                #expect(try await all.match() == match)
            }
            let told = try await Database.current.count(
                """
                SELECT count(*) FROM countersign.events WHERE details ->> 'network_match' = 'other'
                   AND type IN ('request.scanned', 'request.authenticated')
                """)
            #expect(told == 4)
        }
    }

    @Test func `an answer from another network is refused, and harms nobody`() async throws {
        try await withWorkerLogin(stages: [.enroll, .issue, .validate]) { _ in
            var all = try await Parties.gather("same_network = 'refuse'")
            try await all.start(from: "203.0.113.7")
            #expect(try await all.submit("scan", from: "198.51.100.1").reason == "other_network")
            #expect(try await all.submit("accept", from: "198.51.100.1").reason == "other_network")
            #expect(try await all.portal.status(all.transaction) == "issued")
            #expect(try await all.submit("scan", from: "203.0.113.9").reason == nil)
            #expect(try await all.submit("accept", from: "198.51.100.1").reason == "other_network")
            #expect(try await all.submit("accept", from: "203.0.113.9").reason == nil)
            #expect(try await all.match() == "same")
            // What is not known is told, and refused to nobody; and everybody may decline.
            try await all.start(from: "203.0.113.7")
            #expect(try await all.submit("accept", from: "2001:db8::1").reason == nil)
            try await all.start(from: "203.0.113.7")
            #expect(try await all.submit("deny", from: "198.51.100.1").reason == nil)
        }
    }

    private func withPlaces(_ setting: String, _ body: (inout Parties) async throws -> Void) async throws {
        try await PlaceFiles.with { file in
            let places = try Places(path: file.path, logger: LogCapture.current.logger())
            try await withWorker(stages: [.enroll, .issue, .validate], places: places) { _ in
                var all = try await Parties.gather(setting)
                try await body(&all)
            }
        }
    }

    @Test func `countries are told in the prompt, the result and the audit trail`() async throws {
        let here = "203.0.113.7"
        let pairs: [(String?, String?, String)] = [
            (here, "203.0.113.200", "same"), (here, "198.51.100.1", "other"), (here, "2001:db8::1", "other"),
            (here, "::ffff:203.0.113.9", "same"), (here, "10.0.0.1", "unknown"),
            ("192.0.2.200", here, "unknown"),
            (nil, here, "unknown"), (here, nil, "unknown"),
        ]
        try await withPlaces("same_country = 'tell'") { all in
            let words = [
                "same": "The browser seems to be in this device's country",
                "other": "The browser seems to be in another country than this device",
                "unknown": "Whether the browser is in this device's country is unknown",
            ]
            for (visitor, device, match) in pairs {
                try await all.start(from: visitor)
                let prompt = try await all.submit("scan", from: device).prompt ?? ""
                #expect(prompt.split(separator: "\n").dropFirst(2).first.map(String.init) == words[match])
                #expect(try await all.submit("accept", from: device).reason == nil)
                #expect(try await all.country() == match)
                #expect(try await all.match() == nil)
            }
            // Who answers without an address has told one with the scan.
            try await all.start(from: here)
            _ = try await all.submit("scan", from: "198.51.100.1")
            #expect(try await all.submit("accept", from: nil).reason == nil)
            #expect(try await all.country() == "other")
            let told = try await Database.current.count(
                """
                SELECT count(*) FROM countersign.events WHERE details ->> 'country_match' = 'other'
                   AND type IN ('request.scanned', 'request.authenticated')
                """)
            #expect(told == 6)
        }
    }

    @Test func `an answer from another country is refused, and one from who knows where is not`() async throws
    {
        try await withPlaces("same_country = 'refuse'") { all in
            try await all.start(from: "203.0.113.7")
            #expect(try await all.submit("scan", from: "198.51.100.1").reason == "other_country")
            #expect(try await all.submit("accept", from: "198.51.100.1").reason == "other_country")
            #expect(try await all.portal.status(all.transaction) == "issued")
            #expect(try await all.submit("scan", from: "203.0.113.9").reason == nil)
            #expect(try await all.submit("accept", from: "198.51.100.1").reason == "other_country")
            #expect(try await all.submit("accept", from: "10.0.0.1").reason == nil)
            #expect(try await all.country() == "unknown")
            try await all.start(from: "203.0.113.7")
            #expect(try await all.submit("deny", from: "198.51.100.1").reason == nil)
            #expect(try await all.country() == "other")
        }
    }

    @Test func `without a file of places no country is known, and nobody is refused`() async throws {
        try await withWorkerLogin(stages: [.enroll, .issue, .validate]) { _ in
            var all = try await Parties.gather("same_country = 'refuse'")
            try await all.start(from: "203.0.113.7")
            #expect(try await all.submit("accept", from: "198.51.100.1").reason == nil)
            #expect(try await all.country() == "unknown")
        }
    }

    /// The audit trail has it, and the erasure takes it out.
    @Test func `what the device says of itself is kept in the audit trail alone`() async throws {
        try await withWorkerLogin(stages: [.enroll, .issue, .validate]) { _ in
            var all = try await Parties.gather("same_network = 'off'")
            try await all.start(from: "203.0.113.7")
            let scan = try await all.submit("scan", from: "198.51.100.1", "Acme/1.0\u{202E} (phone)")
            #expect(scan.prompt?.contains("network") == false)
            #expect(try await all.submit("accept", from: "198.51.100.1", "Acme/1.0 (phone)").reason == nil)
            #expect(try await all.match() == nil)
            let (kept, told) = (
                "SELECT count(*) FROM countersign.submissions WHERE ip_address IS NOT NULL OR user_agent IS NOT NULL",
                """
                SELECT count(*) FROM countersign.events e WHERE countersign.event_details(e)
                    @> '{"device_address": "198.51.100.1", "device_agent": "Acme/1.0 (phone)"}'
                """
            )
            #expect(try await Database.current.count(kept) == 0)
            #expect(try await Database.current.count(told) == 2)
            try await Database.current.arrange(
                "SELECT countersign.erase_user(app_id, 'alice', 100) FROM countersign.apps")
            #expect(try await Database.current.count(told) == 0)
        }
    }
}
