import Countersign
import Engine
import Postgres
import Support
import Testing

/// Codes that change each step: what was photographed is soon worth nothing, and only a digest is stored.
@Suite(.database) struct RotationTests {
    private typealias Parties = SignInParties

    private func wrongCodes() async throws -> Int {
        try await Database.current.count(
            "SELECT coalesce(sum(cardinality(wrong_codes)), 0)::bigint FROM countersign.enrollments")
    }

    @Test func `a code is good in its step and the next, and the answer comes whenever`() async throws {
        try await withWorkerLogin(stages: [.enroll, .issue, .validate]) { _ in
            var all = try await Parties.gather()
            let code = try #require(try await all.shown())
            try await all.age(60)
            let prompt = try #require(try await all.send(.scan, code).prompt)
            #expect(try await all.shown() == nil)
            try await all.age(300)
            #expect(try await all.send(.accept, code, prompt: prompt).reason == nil)
            #expect(try await all.portal.status(all.transaction) == "authenticated")
        }
    }

    @Test func `a photographed code after its time is expired, and no wrong one`() async throws {
        try await withWorkerLogin(stages: [.enroll, .issue, .validate]) { _ in
            var all = try await Parties.gather()
            let photographed = try #require(try await all.shown())
            try await all.age(120)
            for action in [SubmissionAction.scan, .accept, .deny] {
                #expect(try await all.send(action, photographed).reason == "expired")
            }
            let detail = try await all.app.execute(
                "SELECT detail FROM countersign.submission_results WHERE reason = 'expired'")[0].text(0)
            #expect(detail == "this type's codes are shown for seconds: scan the one that is on the page now")
            #expect(try await all.send(.scan, Code.invented(for: all.transaction)).reason == "unknown_code")
            #expect(try await wrongCodes() == 1)
            #expect(try await all.portal.status(all.transaction) == "issued")
            let code = try #require(try await all.shown())
            #expect(try await all.send(.deny, code).reason == nil)
        }
    }

    @Test func `an old step is not replayed, neither beside a scan nor after the end`() async throws {
        try await withWorkerLogin(stages: [.enroll, .issue, .validate]) { _ in
            var all = try await Parties.gather()
            let thief = try await SQLPhone.enroll("mallory", on: "other", &all.app)
            let old = try #require(try await all.shown())
            try await all.age(60)
            let code = try #require(try await all.shown())
            #expect(code != old)
            let prompt = try #require(try await all.send(.scan, code).prompt)
            #expect(try await thief.send(.scan, old, &all.app).reason == "other_device")
            for action in [SubmissionAction.scan, .accept, .deny] {
                #expect(try await all.send(action, old).reason == "expired")
            }
            #expect(try await all.send(.accept, code, prompt: prompt).reason == nil)
            #expect(try await all.send(.accept, old, prompt: prompt).reason == "already_used")
            #expect(try await wrongCodes() == 0)
        }
    }

    @Test func `who scans again scans the code of now, and answers with that`() async throws {
        try await withWorkerLogin(stages: [.enroll, .issue, .validate]) { _ in
            var all = try await Parties.gather()
            let first = try #require(try await all.shown())
            let later = try #require(try await all.shown(in: 60))
            let prompt = try #require(try await all.send(.scan, first).prompt)
            #expect(try await all.send(.scan, later).reason == "expired")
            try await all.age(60)
            #expect(try await all.send(.scan, later).prompt == prompt)
            #expect(try await all.send(.accept, first, prompt: prompt).reason == "expired")
            #expect(try await all.send(.accept, later, prompt: prompt).reason == nil)
            #expect(try await all.portal.status(all.transaction) == "authenticated")
        }
    }

    @Test func `only a digest is stored, and no code tells a later one`() async throws {
        try await withWorkerLogin(stages: [.enroll, .issue, .validate]) { _ in
            var all = try await Parties.gather()
            #expect(try await Database.current.count("SELECT count(*) FROM countersign.otp_secrets") == 0)
            let codes = [
                try #require(try await all.shown().flatMap(Code.init)),
                try #require(try await all.shown(in: 60).flatMap(Code.init)),
                try #require(try await all.shown(in: 540).flatMap(Code.init)),
            ]
            let chain = Statement(
                "chain",
                """
                SELECT sha256($2) = $1, sha256($1) = secret_digest,
                       countersign.hash_chain($3, 10) = secret_digest FROM countersign.auth_requests
                """)
            var owner = try await Database.current.connect()
            let row = try await owner.run(chain, codes.map { .bytes($0.secret) })[0]
            #expect(try row.bool(0) && row.bool(1) && row.bool(2))
            // The seed is the last code: shown at once, it is good for nothing.
            #expect(try await all.send(.scan, all.code).reason == "expired")
        }
    }

    @Test func `what the function is given`() async throws {
        let other = try await Site.make("globex")
        try await withWorkerLogin(stages: [.enroll, .issue, .validate]) { _ in
            var all = try await Parties.gather()
            let shown = Statement("shown code", "SELECT otp, valid_until FROM countersign.rotated_otp($1)")
            for seed in ["", "x", String(repeating: "+", count: 64)] {
                #expect(try await all.portal.refusal(of: shown, [.text(seed)])?.state == "CS003")
            }
            var globex = try await other.portal()
            #expect(try await globex.refusal(of: shown, [.text(all.code)])?.state == "CS006")
            // Portals need not ask which types rotate.
            try await Database.current.arrange("UPDATE countersign.auth_types SET code_rotation = NULL")
            let (transaction, code) = try await all.portal.issued()
            #expect(try await all.portal.run(shown, [.text(code)])[0].text(0) == code)
            #expect(try await all.portal.cancel(transaction))
            #expect(try await all.portal.run(shown, [.text(code)])[0].optionalText(0) == nil)
        }
    }
}

extension SignInParties {
    /// A request of a type whose codes change each minute; `code` is what its codes are made of.
    fileprivate static func gather() async throws -> SignInParties {
        try await gather(type: "code_rotation = 60", expiresIn: 600)
    }

    /// Of now, or of some seconds later.
    fileprivate mutating func shown(in seconds: Int = 0) async throws -> String? {
        try await portal.run(Self.shown, [.text(code), .int32(Int32(seconds))])[0].optionalText(0)
    }

    private static let shown = Statement(
        "shown",
        "SELECT otp FROM countersign.rotated_otp($1, clock_timestamp() + make_interval(secs => $2))")

    /// Lets so many seconds pass for the request.
    fileprivate func age(_ seconds: Int) async throws {
        let shift = "- interval '\(seconds) s'"
        try await Database.current.arrange(
            """
            UPDATE countersign.auth_requests SET requested_at = requested_at \(shift),
                expires_at = expires_at \(shift), open_until = open_until \(shift)
            """)
    }
}
