import Countersign
import Engine
import Postgres
import Support
import Testing

/// The number that the phone shows and the visitor types on the portal's page: an answer alone signs nobody in.
@Suite(.database) struct ConfirmationTests {
    private typealias Parties = SignInParties

    private func webhooks() async throws -> Int {
        try await Database.current.count("SELECT count(*) FROM countersign.webhook_deliveries")
    }

    @Test func `an answer is final once the number is given`() async throws {
        try await withWorkerLogin(stages: [.enroll, .issue, .validate]) { _ in
            var all = try await Parties.gather()
            #expect(try await all.state() == ["issued", nil, nil, "3"])
            let (prompt, number) = try await all.scan()
            #expect(try await all.state() == ["scanned", nil, "awaited", "3"])
            #expect(try await all.answer(.accept, prompt) == nil)
            #expect(try await all.state() == ["scanned", nil, "awaited", "3"])
            #expect(try await webhooks() == 0)
            #expect(
                try Parties.texts(try await all.confirm(number)) == ["authenticated", "true", "given", "3"])
            let row = try await all.portal.execute(
                "SELECT user_id, signature_verified, signature LIKE '-----BEGIN PGP SIGNATURE%' FROM countersign.auth_results"
            )[0]
            #expect(try row.text(0) == "alice" && row.bool(1) && row.bool(2))
            #expect(try await webhooks() == 1)
            let trail = try await Database.current.count(
                """
                SELECT count(*) FROM countersign.events e WHERE type = 'request.accepted'
                   OR type = 'request.authenticated'
                   AND countersign.event_details(e) -> 'evidence' ->> 'signed' LIKE E'%\\naccept\\n%'
                """)
            #expect(trail == 2)
        }
    }

    @Test func `the number may come before the answer`() async throws {
        try await withWorkerLogin(stages: [.enroll, .issue, .validate]) { _ in
            var all = try await Parties.gather()
            let (prompt, number) = try await all.scan()
            #expect(try Parties.texts(try await all.confirm(number)) == ["scanned", nil, "given", "3"])
            #expect(try await all.answer(.accept, prompt) == nil)
            #expect(try await all.state() == ["authenticated", "true", "given", "3"])
        }
    }

    @Test func `who guesses the number has three tries, and not one more`() async throws {
        try await withWorkerLogin(stages: [.enroll, .issue, .validate]) { _ in
            var all = try await Parties.gather()
            // Before a scan there is nothing to guess by.
            #expect(try Parties.texts(try await all.confirm("00")) == ["issued", nil, nil, "3"])
            let (prompt, number) = try await all.scan()
            #expect(try await all.answer(.accept, prompt) == nil)
            let wrong = (0..<3).map { String(format: (Int(number)! + 1 + $0) % 100) }
            #expect(try Parties.texts(try await all.confirm(wrong[0])) == ["scanned", nil, "awaited", "2"])
            #expect(try Parties.texts(try await all.confirm(wrong[1])) == ["scanned", nil, "awaited", "1"])
            #expect(try Parties.texts(try await all.confirm(wrong[2])) == ["failed", "false", nil, "0"])
            #expect(try Parties.texts(try await all.confirm(number)) == ["failed", "false", nil, "0"])
            #expect(try await all.answer(.accept, prompt) == "expired")
            #expect(try await webhooks() == 1)
            let refused = try await Database.current.count(
                "SELECT count(*) FROM countersign.events WHERE type = 'request.confirmation_refused'")
            #expect(refused == 3)
        }
    }

    /// The attacker has started it and waits on his page; the victim reads the number, to whom his page shows no field.
    @Test func `a code that was sent to a victim who accepts signs nobody in`() async throws {
        try await withWorkerLogin(stages: [.enroll, .issue, .validate, .expire]) { _ in
            var all = try await Parties.gather()
            let (prompt, _) = try await all.scan()
            #expect(try await all.answer(.accept, prompt) == nil)
            #expect(try await all.state() == ["scanned", nil, "awaited", "3"])
            try await Database.current.makeDue(all.transaction)
            try await eventually("it expires") { try await all.portal.status(all.transaction) == "expired" }
            #expect(try await all.state() == ["expired", "false", nil, "3"])
            let users = try await Database.current.count(
                "SELECT count(*) FROM countersign.auth_requests WHERE user_id IS NOT NULL")
            #expect(users == 0)
        }
    }

    @Test func `declining needs no number, and takes an answer back`() async throws {
        try await withWorkerLogin(stages: [.enroll, .issue, .validate]) { _ in
            var all = try await Parties.gather()
            let (prompt, number) = try await all.scan()
            #expect(try await all.answer(.accept, prompt) == nil)
            #expect(try await all.answer(.deny, prompt) == nil)
            #expect(try Parties.texts(try await all.confirm(number)) == ["denied", "false", nil, "3"])
        }
    }

    @Test func `who has not scanned cannot have shown the number`() async throws {
        try await withWorkerLogin(stages: [.enroll, .issue, .validate]) { _ in
            var all = try await Parties.gather()
            #expect(try await all.answer(.accept, nil) == "wrong_prompt")
            #expect(try await all.state() == ["issued", nil, nil, "3"])
            #expect(try await all.answer(.deny, nil) == nil)
        }
    }

    @Test(arguments: [
        "SELECT countersign.revoke_enrollment(enrollment_id) FROM countersign.enrollments",
        "UPDATE countersign.apps SET enabled = false",
        "UPDATE countersign.settings SET enrollment_enabled = false",
    ])
    func `an answer does not outlive what it needs`(change: String) async throws {
        try await withWorkerLogin(stages: [.enroll, .issue, .validate]) { _ in
            var all = try await Parties.gather()
            let (prompt, number) = try await all.scan()
            #expect(try await all.answer(.accept, prompt) == nil)
            try await Database.current.arrange(change)
            #expect(try Parties.texts(try await all.confirm(number)) == ["failed", "false", "given", "3"])
        }
    }

    @Test func `what is refused`() async throws {
        let other = try await Site.make("globex")
        try await withWorkerLogin(stages: [.enroll, .issue, .validate]) { _ in
            var all = try await Parties.gather()
            for number in ["7", "123", "4x", "", " 47"] {
                let given: [Parameter] = [.identifier(all.transaction), .text(number)]
                #expect(try await all.portal.refusal(of: Parties.confirm, given)?.state == "CS003")
            }
            let given: [Parameter] = [.identifier(all.transaction), "47"]
            var globex = try await other.portal()
            #expect(try await globex.refusal(of: Parties.confirm, given)?.state == "CS006")
            try await Database.current.arrange("UPDATE countersign.auth_types SET confirm_code = 'never'")
            let plain = try await all.portal.request()
            #expect(
                try await all.portal.refusal(of: Parties.confirm, [.identifier(plain), "47"])?.state
                    == "CS003")
        }
    }

    @Test func `numbers are two digits and differ`() async throws {
        var owner = try await Database.current.connect()
        let row = try await owner.execute(
            """
            SELECT bool_and(number ~ '^[0-9]{2}$'), count(DISTINCT number) FROM (
                SELECT countersign.confirmation_number() AS number FROM generate_series(1, 3000)) n
            """)[0]
        #expect(try row.bool(0) && row.int(1) == 100)
    }
}

extension String {
    /// Two digits.
    fileprivate init(format number: Int) { self = number < 10 ? "0\(number)" : "\(number)" }
}

extension SignInParties {
    fileprivate static func gather() async throws -> SignInParties {
        try await gather(type: "confirm_code = 'always'")
    }

    /// The prompt, and the number in it.
    fileprivate mutating func scan() async throws -> (prompt: String, number: String) {
        let prompt = try #require(try await send(.scan, code).prompt)
        let line = prompt.split(separator: "\n")[2]
        return (
            prompt, String(try #require(line.wholeMatch(of: /Confirmation number: ([0-9]{2})/)?.output.1))
        )
    }

    fileprivate mutating func answer(_ action: SubmissionAction, _ prompt: String?) async throws -> String? {
        try await send(action, code, prompt: prompt).reason
    }

    fileprivate mutating func confirm(_ number: String) async throws -> Row {
        try await portal.run(Self.confirm, [.identifier(transaction), .text(number)])[0]
    }

    /// Status, whether it is authenticated, confirmation, tries that are left.
    fileprivate mutating func state() async throws -> [String?] {
        try Self.texts(try await portal.run(Self.state, [.identifier(transaction)])[0])
    }

    fileprivate static func texts(_ row: Row) throws -> [String?] {
        try (0..<4).map { try row.optionalText($0) }
    }

    fileprivate static let columns =
        "status::text, is_authenticated::text, confirmation, confirmation_tries_left::text"
    fileprivate static let confirm = Statement(
        "confirm", "SELECT \(columns) FROM countersign.confirm_code($1, $2)")
    fileprivate static let state = Statement(
        "state", "SELECT \(columns) FROM countersign.auth_results WHERE transaction_id = $1")
}
