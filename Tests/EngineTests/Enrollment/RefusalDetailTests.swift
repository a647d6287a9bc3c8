import Countersign
import OpenPGP
import Postgres
import Support
import Testing

/// What a refusal tells the app's developer beside its reason, in submission_results and in the event.
@Suite(.database) struct RefusalDetailTests {
    @Test func `it names the line that was signed otherwise`() async throws {
        let site = try await Site.make(signed: true)
        try await withWorkerLogin { _ in
            var app = try await site.app()
            let phone = try await SQLPhone.enroll("alice", &app)
            var good = try phone.submission(.accept, Code.invented())
            let text = good.text
            let zone = text.signedAt.dropLast() + "+00:00"
            for (lines, words) in [
                (
                    text.lines.replacing(text.signedAt, with: zone),
                    "line 6 is \(text.signedAt), and was signed otherwise"
                ),
                (
                    text.lines.replacing("\naccept\n", with: "\ndeny\n"),
                    "line 2 is accept, and was signed otherwise"
                ),
                (String(text.lines.dropLast()), "the last line has no line feed"),
            ] {
                good.signature = try phone.context.sign(Array(lines.utf8), with: phone.keys.secretKey)
                #expect(try await app.detail(good) == "the signature is one of another text: \(words)")
            }
            good.signature = try phone.context.sign(text.bytes + [1], with: phone.keys.secretKey)
            let unknown = try #require(try await app.detail(good))
            #expect(unknown.contains("line 6 is \(text.signedAt), line 7 is -"), "\(unknown)")
        }
        let events = """
            SELECT count(*) FROM countersign.events
            WHERE type = 'submission.rejected' AND details ->> 'detail' LIKE '%line%'
            """
        #expect(try await Database.current.count(events) == 4)
    }

    @Test func `it names the other key, the damaged line, and the time here`() async throws {
        let site = try await Site.make(signed: true)
        try await withWorkerLogin { _ in
            var portal = try await site.portal()
            var app = try await site.app()
            let phone = try await SQLPhone.enroll("alice", &app)
            let other = try await SQLPhone.enroll("bob", &app)
            let (_, code) = try await portal.issued()
            let good = try phone.submission(.accept, code)
            let damaged = good.signature?.replacing("\r\n\r\n", with: "\r\n\r\n*")
            for (signature, words) in [
                (
                    try other.sign(good.text),
                    "signed by another key than the enrolled one: fingerprint \(other.keys.fingerprint)"
                ),
                (damaged, "the signature cannot be read: line 3 is not base64 from its character 1 on"),
                (nil, "the submission has no signature"),
            ] {
                var submission = good
                submission.signature = signature
                #expect(try await app.detail(submission) == words)
            }
            let late = try phone.submission(.accept, code, at: .seconds(-400))
            let told = try #require(try await app.detail(late))
            #expect(told.hasPrefix("signed_at is \(late.text.signedAt), and the time here was 20"), "\(told)")
            let blind = try phone.submission(.accept, code, prompt: "shown")
            let digest = SubmissionText.digest(of: "shown")
            #expect(
                try await app.detail(blind)?.hasPrefix("prompt_digest, line 7, is \(digest): it must be")
                    == true)
            // What it should have been is not told: it could be signed without having been shown.
            let scan = try await phone.send(.scan, code, &app)
            let shown = SubmissionText.digest(of: try #require(scan.prompt))
            let guessed = try phone.submission(.accept, code, prompt: "guessed")
            let refused = try #require(try await app.detail(guessed))
            #expect(refused.hasPrefix("prompt_digest, line 7") && !refused.contains(shown))
            let right = try phone.submission(.accept, code, prompt: scan.prompt)
            #expect(try await app.detail(right) == nil)
        }
    }

    /// The same for a key, in the reason of its enrollment.
    @Test func `a refused key names its line`() async throws {
        let site = try await Site.make(signed: true)
        try await withWorkerLogin(stages: [.enroll]) { _ in
            var app = try await site.app()
            let phone = try await SQLPhone.enroll("alice", &app)
            let key = phone.keys.publicKey.replacing("\r\n\r\n", with: "\r\n\r\n*")
            #expect(
                try await app.enroll("bob", "phone", key: key).reason
                    == "public_key: the key cannot be read: line 3 is not base64 from its character 1 on")
        }
    }
}

extension Connection {
    fileprivate mutating func detail(_ submission: SignedSubmission) async throws -> String? {
        let id = try await run(SQL.submitText, submission.parameters)[0].identifier(0)
        _ = try await outcome(id)
        let detail = "SELECT detail FROM countersign.submission_results WHERE submission_id = '\(id)'"
        return try await execute(detail)[0].optionalText(0)
    }
}
