import Administration
import Countersign
import Engine
import Foundation
import OpenPGP
import Postgres
import Support
import Testing

/// What the audit trail keeps, so that a dispute can be settled years later with `gpg` alone.
@Suite(.database) struct EvidenceTests {
    private struct Evidence: Decodable {
        let signed: String
        let signature: String
        let certificate: String?
        let prompt: String?
    }

    private func evidence(_ transaction: Identifier) async throws -> Evidence? {
        var owner = try await Database.current.connect()
        let filter = AuditEvent.Filter(
            transactionID: transaction,
            types: ["request.authenticated", "request.denied", "request.expired", "request.cancelled"],
            limit: 1)
        let details = try #require(
            try await AuditEvent.find(filter, showsUsers: true, &owner).first?.details)
        return try JSONDecoder().decode(Details.self, from: Data(details.utf8)).evidence
    }

    private struct Details: Decodable {
        let evidence: Evidence?
    }

    @Test(arguments: [SubmissionAction.accept, .deny])
    func `gpg settles a dispute with the evidence alone`(action: SubmissionAction) async throws {
        let site = try await Site.make(signed: true)
        try await withWorkerLogin { _ in
            var portal = try await site.portal()
            var app = try await site.app()
            let phone = try await SQLPhone.enroll("alice", &app)
            let (transaction, code) = try await portal.issued()
            let prompt = try await phone.send(.scan, code, &app).prompt
            let sent = try phone.submission(action, code, prompt: prompt)
            #expect(try await app.submit(sent).result == "accepted")
            let kept = try #require(try await evidence(transaction))
            #expect(kept.signed == sent.text.lines)
            #expect(kept.prompt == prompt)
            let certificate = try #require(kept.certificate)
            #expect(certificate == phone.keys.publicKey)
            let good = try await GnuPG.verify(kept.signed, kept.signature, certificate)
            #expect(good.contains("VALIDSIG \(phone.keys.fingerprint)"), "\(good)")
            let changed = kept.signed.replacing("\n\(action.rawValue)\n", with: "\nscan\n")
            await #expect(throws: GnuPG.Failure.self) {
                try await GnuPG.verify(changed, kept.signature, certificate)
            }
            // Whoever puts another key into the enrollment has not put it into the event.
            try await Database.current.arrange("UPDATE countersign.enrollments SET public_key = 'another'")
            #expect(try await evidence(transaction)?.certificate == nil)
        }
    }

    @Test func `no code and no secret is in the trail`() async throws {
        let site = try await Site.make(signed: true)
        try await withWorkerLogin { _ in
            var portal = try await site.portal()
            var app = try await site.app()
            let phone = try await SQLPhone.enroll("alice", &app)
            let (_, text) = try await portal.issued()
            let code = try #require(Code(text))
            var mistake = try phone.submission(.accept, text)
            mistake.signature = text
            #expect(try await app.submit(mistake).reason == "invalid_signature")
            #expect(try await phone.send(.accept, text, &app).result == "accepted")
            #expect(code.found(in: try await Database.current.everythingStored()) == [])
        }
    }

    @Test func `what nobody has signed has no evidence`() async throws {
        let site = try await Site.make()
        try await withWorkerLogin { _ in
            var portal = try await site.portal()
            var app = try await site.app()
            let enrollment = try await app.enroll("alice")
            let vouched = try await portal.issued()
            #expect(try await app.submit(enrollment, vouched.code, "accept").result == "accepted")
            let cancelled = try await portal.issued()
            #expect(try await portal.cancel(cancelled.transaction))
            for transaction in [vouched.transaction, cancelled.transaction] {
                #expect(try await evidence(transaction) == nil)
            }
        }
    }

    /// A device whose keys gpg has made, and a server key that gpg reads.
    @Test(.gnuPG) func `an enrollment with keys of gpg`() async throws {
        let site = try await Site.make(signed: true)
        try await withWorkerLogin { _ in
            var portal = try await site.portal()
            var app = try await site.app()
            try GnuPG.current.makeKey("Alice", usage: "sign")
            try GnuPG.current.addSubkey("Alice", "cv25519", usage: "encr")
            let key = try GnuPG.current.publicKey("Alice")
            let enrolled = try await app.enroll("alice", "phone", key: key)
            try #require(enrolled.status == "active", "\(enrolled.reason ?? "")")
            try GnuPG.current.importKey(Array(try await app.serverKey(enrolled.id).utf8))
            let (transaction, code) = try await portal.issued()
            let draft = SQLPhone(
                keys: try OpenPGPContext(capacity: 1).generateKeyPair(userID: "not used"),
                enrollment: enrolled.id, context: try OpenPGPContext(capacity: 1))
            var answer = try draft.submission(.accept, code)
            #expect(try await app.submit(answer).reason == "invalid_signature")
            answer.signature = try GnuPG.current.sign(Array(answer.text.lines.utf8), by: "Alice")
            let result = try await app.submit(answer)
            #expect(result.result == "accepted", "\(result)")
            #expect(try await portal.status(transaction) == "authenticated")
        }
    }
}
