import Administration
import Countersign
import OpenPGP
import Postgres
import Support
import Testing

/// What somebody could try with signatures: each is refused with its reason, and the request is unharmed.
@Suite(.database) struct ForgeryTests {
    @Test func `replayed, moved, changed and late submissions`() async throws {
        let site = try await Site.make(signed: true)
        try await withWorkerLogin { _ in
            var portal = try await site.portal()
            var app = try await site.app()
            let phone = try await SQLPhone.enroll("alice", &app)
            let other = try await SQLPhone.enroll("mallory", &app)
            let (transaction, code) = try await portal.issued()
            let second = try await portal.issued()
            let scan = try phone.submission(.scan, code)
            let prompt = try #require(try await app.submit(scan).prompt)
            let good = try phone.submission(.accept, code, prompt: prompt)

            for (what, reason, spoil) in Self.forgeries(phone: phone, other: other, second: second.code) {
                var forged = good
                try spoil(&forged)
                let answer = try await app.submit(forged)
                #expect(answer.result == "rejected" && answer.reason == reason, "\(what)")
                #expect(try await portal.status(transaction) == "scanned", "\(what)")
            }
            #expect(try await app.submit(scan).reason == "already_used")
            for offset in [-330, 330] {
                let late = try phone.submission(.accept, code, prompt: prompt, at: .seconds(offset))
                #expect(try await app.submit(late).reason == "stale_signature", "\(offset) s")
            }
            for wrong in [nil, "ACME\nSign in "] {
                let blind = try phone.submission(.accept, code, prompt: wrong)
                #expect(try await app.submit(blind).reason == "wrong_prompt")
            }
            #expect(try await portal.status(transaction) == "scanned")
            #expect(try await app.submit(good).result == "accepted")
            #expect(try await app.submit(good).result == "accepted")
            let later = try phone.submission(.accept, code, prompt: prompt, at: .seconds(1))
            #expect(try await app.submit(later).reason == "already_used")
            #expect(try await portal.status(transaction) == "authenticated")
            #expect(try await portal.status(second.transaction) == "issued")
        }
    }

    private typealias Forgery = (what: String, reason: String, spoil: (inout SignedSubmission) throws -> Void)

    private static func forgeries(phone: SQLPhone, other: SQLPhone, second: String) -> [Forgery] {
        [
            ("for another transaction", "invalid_signature", { $0.code = second }),
            ("by another enrollment", "invalid_signature", { $0.text.enrollmentID = other.enrollment }),
            ("by another's key", "invalid_signature", { $0.signature = try other.sign($0.text) }),
            (
                "by another device of the right key", "other_device",
                {
                    $0.text.enrollmentID = other.enrollment
                    $0.signature = try other.sign($0.text)
                }
            ),
            ("with the action changed", "invalid_signature", { $0.text.action = .deny }),
            ("with the time changed", "invalid_signature", { $0.text.signedAt = "2026-01-01T00:00:00Z" }),
            ("without its prompt", "invalid_signature", { $0.text.promptDigest = "-" }),
            ("without a signature", "invalid_signature", { $0.signature = nil }),
            ("no armor", "invalid_signature", { $0.signature = $0.code }),
            ("an empty armor", "invalid_signature", { $0.signature = "-----BEGIN PGP SIGNATURE-----" }),
            ("two of them", "invalid_signature", { $0.signature = $0.signature.map { $0 + $0 } }),
        ]
    }

    @Test func `a signature without a time cannot be current`() async throws {
        let site = try await Site.make(signed: true)
        try await withWorkerLogin { _ in
            var portal = try await site.portal()
            var app = try await site.app()
            let phone = try await SQLPhone.enroll("alice", &app)
            let (_, code) = try await portal.issued()
            let submission = try phone.submission(.accept, code)
            let values: [Parameter] = [
                .text(phone.enrollment.description), .text(code), "accept", nil, nil,
                Parameter(submission.signature),
            ]
            let id = try await app.run(SQL.submitText, values)[0].identifier(0)
            #expect(try await app.run(SQL.outcome, [.identifier(id)])[0].optionalText(1) == "stale_signature")
        }
    }

    /// In-process, so that each byte can be tried: nothing that was signed, and nothing of the signature's body,
    /// may change.
    @Test func `every tampered byte is refused`() throws {
        let context = try OpenPGPContext(capacity: 4)
        let keys = try context.generateKeyPair(userID: "alice")
        let text = SubmissionText(
            action: .accept, transactionID: .random(), secretDigest: [UInt8](repeating: 7, count: 32),
            enrollmentID: .random(), signedAt: "2026-01-31T08:00:00Z",
            promptDigest: SubmissionText.digest(of: "p"))
        let signature = try context.sign(text.bytes, with: keys.secretKey)
        let verified = try context.verify(signature: signature, message: text.bytes, by: keys.publicKey)
        #expect(verified.fingerprint == keys.fingerprint)
        for index in text.bytes.indices {
            var bytes = text.bytes
            bytes[index] ^= 1
            #expect(throws: SignatureRefusal.self) {
                try context.verify(signature: signature, message: bytes, by: keys.publicKey)
            }
        }
        for bytes in [text.bytes.dropLast(), text.bytes + [10]] {
            #expect(throws: SignatureRefusal.self) {
                try context.verify(signature: signature, message: Array(bytes), by: keys.publicKey)
            }
        }
    }

    @Test func `some tampered bytes are refused through the database`() async throws {
        let site = try await Site.make(signed: true)
        try await withWorkerLogin { _ in
            var portal = try await site.portal()
            var app = try await site.app()
            let phone = try await SQLPhone.enroll("alice", &app)
            let (transaction, code) = try await portal.issued()
            let good = try phone.submission(.accept, code)
            let armor = Array(try #require(good.signature).utf8)
            for place in stride(from: 40, to: armor.count - 45, by: 23)
            where armor[place] != 10 && armor[place] != 13 {
                var bytes = armor
                bytes[place] = bytes[place] == 65 ? 66 : 65
                var forged = good
                forged.signature = String(decoding: bytes, as: UTF8.self)
                #expect(try await app.submit(forged).reason == "invalid_signature", "byte \(place)")
            }
            #expect(try await portal.status(transaction) == "issued")
            #expect(try await app.submit(good).result == "accepted")
        }
    }

    @Test func `nobody locks out another's enrollment`() async throws {
        let site = try await Site.make(signed: true)
        try await withWorkerLogin { _ in
            var portal = try await site.portal()
            var app = try await site.app()
            let phone = try await SQLPhone.enroll("alice", &app)
            let mallory = try await SQLPhone.enroll("mallory", &app)
            for _ in 0..<15 {
                var guess = try phone.submission(.accept, Code.invented())
                guess.signature = try mallory.sign(guess.text)
                #expect(try await app.submit(guess).reason == "invalid_signature")
            }
            let (_, code) = try await portal.issued()
            #expect(try await phone.send(.accept, code, &app).result == "accepted")
            // with one's own signature they count, and new codes do not reset the count
            for number in 0..<10 {
                if number == 5 { _ = try await portal.issued() }
                #expect(try await mallory.send(.scan, Code.invented(), &app).reason == "unknown_code")
            }
            let (transaction, next) = try await portal.issued()
            #expect(try await mallory.send(.accept, next, &app).reason == "locked_out")
            #expect(try await portal.status(transaction) == "issued")
            #expect(try await phone.send(.accept, next, &app).result == "accepted")
        }
    }

    @Test func `a revoked enrollment is refused at once, also after its scan`() async throws {
        let site = try await Site.make(signed: true)
        try await withWorkerLogin { _ in
            var portal = try await site.portal()
            var app = try await site.app()
            let phone = try await SQLPhone.enroll("alice", &app)
            let (transaction, code) = try await portal.issued()
            let prompt = try await phone.send(.scan, code, &app).prompt
            let revoked = "enrollment \(phone.enrollment) is revoked"
            #expect(try await act("enrollment revoke", "\(phone.enrollment)") == revoked)
            #expect(try await act("enrollment revoke", "\(phone.enrollment)") == "\(revoked) already")
            #expect(try await phone.send(.accept, code, prompt: prompt, &app).reason == "enrollment_revoked")
            #expect(try await portal.status(transaction) == "scanned")
            // also for one whose verification was over when it was revoked
            let ended = """
                SELECT count(*) FROM countersign.end_requests(ARRAY['\(transaction)'::uuid], ARRAY['authenticated'],
                    ARRAY['\(phone.enrollment)'::uuid])
                """
            #expect(try await Database.current.count(ended) == 0)
        }
    }
}
