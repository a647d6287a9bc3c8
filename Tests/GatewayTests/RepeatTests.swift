import Countersign
import Engine
import Gateway
import Support
import Testing

/// A lost answer is asked for again by sending the same again, byte for byte. Nothing else is the same.
@Suite(.database) struct RepeatTests {
    /// A request that alice's phone has scanned.
    private struct Scene: Sendable {
        let phone: HTTPPhone
        let enrollment: String
        let otp: String
        let scan: [String: String]
        let prompt: String

        func scanned(at offset: Duration) throws -> [String: String] {
            try phone.submission(enrollment, otp, .scan, at: offset)
        }

        func answer(_ action: SubmissionAction, at offset: Duration = .zero) throws -> [String: String] {
            try phone.submission(enrollment, otp, action, prompt: prompt, at: offset)
        }
    }

    private func withScan(_ body: (Scene) async throws -> Void) async throws {
        let site = try await GatewaySite.make()
        let issuer = try TokenIssuer()
        try await withSite(site, { $0.tokens = issuer.rules(app: site.app) }) { http in
            let phone = try HTTPPhone(http: http, token: try issuer.token())
            let enrollment = try await phone.enrolled()
            let (_, otp) = try await startSignIn(site, http)
            let scan = try phone.submission(enrollment, otp, .scan)
            let prompt = try #require(try await phone.submit(scan).json()["prompt"] as? String)
            try await body(
                Scene(phone: phone, enrollment: enrollment, otp: otp, scan: scan, prompt: prompt))
        }
    }

    @Test(arguments: [SubmissionAction.accept, .deny])
    func `the same answer again gets the outcome of the first`(action: SubmissionAction) async throws {
        try await withScan { scene in
            #expect(try await scene.phone.submit(scene.scan).json()["prompt"] as? String == scene.prompt)
            let answer = try scene.answer(action)
            for _ in 0..<3 {
                let again = try await scene.phone.submit(answer)
                #expect(again.status == 200)
                #expect(try again.json()["result"] as? String == "accepted")
            }
            #expect(try await scene.phone.submit(scene.scan).json()["prompt"] as? String == scene.prompt)
        }
    }

    @Test(arguments: [SubmissionAction.accept, .deny])
    func `another answer than the one that counted is none`(action: SubmissionAction) async throws {
        try await withScan { scene in
            let first = try scene.answer(action)
            try #require(try await scene.phone.submit(first).status == 200)
            let later = try scene.answer(action, at: .seconds(1))
            let others: [([String: String], Int, String)] = [
                (try scene.answer(action == .accept ? .deny : .accept), 400, "invalid_code"),
                (later, 400, "invalid_code"),
                (changed(first, ["signed_at": later["signed_at"]]), 403, "invalid_signature"),
                (changed(first, ["signature": later["signature"]]), 403, "invalid_signature"),
                (changed(first, ["signature": "forged"]), 403, "invalid_signature"),
                (changed(first, ["signature": nil]), 403, "invalid_signature"),
                (changed(first, ["prompt_digest": nil]), 403, "invalid_signature"),
                (changed(first, ["signed_at": nil]), 403, "stale_signature"),
                (changed(scene.scan, ["signed_at": nil]), 403, "stale_signature"),
                (changed(scene.scan, ["signature": first["signature"]]), 403, "invalid_signature"),
                (try scene.scanned(at: .seconds(1)), 400, "invalid_code"),
                (try scene.scanned(at: .seconds(-1_000)), 403, "stale_signature"),
            ]
            for (other, status, error) in others {
                let answer = try await scene.phone.submit(other)
                #expect(answer.status == status, "\(other)")
                #expect(try answer.json()["error"] as? String == error, "\(other)")
                #expect(try answer.json()["prompt"] == nil)
            }
            #expect(try await scene.phone.submit(first).status == 200)
        }
    }

    /// The answer is lost twice, once after it counted. The phone sends the same again and is told that it counted.
    @Test func `the phone in the terminal sends again what was not answered`() async throws {
        let site = try await GatewaySite.make()
        let issuer = try TokenIssuer()
        try await withSite(site, { $0.tokens = issuer.rules(app: site.app) }) { http in
            let phone = try TerminalPhone(http, token: try issuer.token(), by: .variable)
            defer { phone.remove() }
            try #require(try await phone.run("enroll", "--user", "alice").status == 0)
            let (transaction, otp) = try await startSignIn(site, http)
            for words in [["scan", otp], ["accept"]] {
                let outcome = try await Proxy.run(before: http.port, loseAnswers(of: 2)) { proxy in
                    try await phone.at(proxy.port).run(words)
                }
                #expect(outcome.status == 0, "\(outcome)")
            }
            let result = try await signInResult(site, http, transaction)
            #expect(result["is_authenticated"] as? Bool == true)
            let (_, other) = try await startSignIn(site, http)
            let lost = try await Proxy.run(before: http.port, loseAnswers(of: 3)) { proxy in
                try await phone.at(proxy.port).run(["scan", other])
            }
            #expect(lost.status == 69 && lost.text.contains("cannot reach"), "\(lost)")
        }
    }

    private func changed(_ body: [String: String], _ changes: [String: String?]) -> [String: String] {
        changes.reduce(into: body) { $0[$1.key] = $1.value }
    }
}

/// Closes the first connections when the answer comes, so what was asked has been done.
private func loseAnswers(of count: Int) -> Proxy.Rule {
    { number, direction, _ in direction == .toClient && number < count ? .close : .pass }
}
