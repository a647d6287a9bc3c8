import Countersign
import Engine
import Foundation
import OpenPGP
import Postgres
import Support
import Testing

/// The main way: an enrolled device answers, and proves it.
@Suite(.database) struct SignedSignInTests {
    @Test func `a signed sign-in, from the enrollment to the result`() async throws {
        let site = try await Site.make(signed: true)
        try await withWorkerLogin { _ in
            var portal = try await site.portal()
            var app = try await site.app()
            let phone = try await SQLPhone.enroll("alice", &app)
            let (transaction, code) = try await portal.issued()
            let scan = try await phone.send(.scan, code, &app)
            #expect(scan.result == "accepted" && scan.prompt == "ACME\nSign in")
            #expect(try await portal.status(transaction) == "scanned")
            let accept = try phone.submission(.accept, code, prompt: scan.prompt)
            #expect(try await app.submit(accept).result == "accepted")
            let row = try await result(transaction, &portal)
            #expect(try row.text(0) == "authenticated")
            #expect(try row.bool(1))
            #expect(try row.text(2) == accept.signature)
            #expect(try row.text(3) == phone.keys.fingerprint)
            #expect(try row.text(4) == "alice")
        }
    }

    @Test(arguments: [SubmissionAction.accept, .deny])
    func `an answer without a scan before carries a dash`(action: SubmissionAction) async throws {
        let site = try await Site.make(signed: true)
        try await withWorkerLogin { _ in
            var portal = try await site.portal()
            var app = try await site.app()
            let phone = try await SQLPhone.enroll("alice", &app)
            let (transaction, code) = try await portal.issued()
            #expect(try await phone.send(action, code, &app).result == "accepted")
            let row = try await result(transaction, &portal)
            #expect(try row.text(0) == (action == .accept ? "authenticated" : "denied"))
            // with which key somebody denied is in the audit alone
            #expect(try row.optionalText(3) == (action == .accept ? phone.keys.fingerprint : nil))
            #expect(try row.optionalText(4) == "alice")
        }
    }

    @Test func `without the setting an app vouches, and what is signed is verified all the same`()
        async throws
    {
        let site = try await Site.make()
        try await withWorkerLogin { _ in
            var portal = try await site.portal()
            var app = try await site.app()
            let phone = try await SQLPhone.enroll("alice", &app)
            let vouched = try await app.enroll("bob")
            let unsigned = try await portal.issued()
            #expect(try await app.submit(vouched, unsigned.code, "accept").result == "accepted")
            let row = try await result(unsigned.transaction, &portal)
            #expect(try row.bool(1) == false && row.optionalText(2) == nil && row.optionalText(3) == nil)

            let signed = try await portal.issued()
            var wrong = try phone.submission(.accept, signed.code)
            wrong.text.action = .deny
            #expect(try await app.submit(wrong).reason == "invalid_signature")
            #expect(try await phone.send(.accept, signed.code, &app).result == "accepted")
            #expect(try await result(signed.transaction, &portal).bool(1))
        }
    }

    @Test func `a secure message reaches the device alone, signed by the server`() async throws {
        let site = try await Site.make(signed: true)
        try await withWorkerLogin { _ in
            var portal = try await site.portal()
            var app = try await site.app()
            let phone = try await SQLPhone.enroll("alice", &app)
            let insert = """
                INSERT INTO countersign.auth_requests (auth_type, callback_uri, secure_message)
                VALUES ('qr-code', '\(Site.callback)', 'Pay 500 € to Züri') RETURNING transaction_id
                """
            let transaction = try await portal.execute(insert)[0].text(0)
            let code = try await portal.code(try #require(Identifier(transaction)))
            let prompt = try #require(try await phone.send(.scan, code, &app).prompt)
            #expect(prompt.hasPrefix("ACME\nSign in\n-----BEGIN PGP MESSAGE-----\n"))
            #expect(!prompt.contains("Pay") && !prompt.contains("\r"))
            let serverKey = try await app.serverKey(phone.enrollment)
            #expect(try phone.secureMessage(in: prompt, serverKey: serverKey) == "Pay 500 € to Züri")
            #expect(throws: (any Error).self) {
                try phone.secureMessage(in: prompt, serverKey: phone.keys.publicKey)
            }
            // Scanning again, in another second, gives the very same, to be digested byte for byte.
            #expect(try await phone.send(.scan, code, at: .seconds(2), &app).prompt == prompt)
            #expect(try await phone.send(.accept, code, prompt: prompt, &app).result == "accepted")
        }
    }

    @Test func `a secure message is not for an enrollment without keys`() async throws {
        let site = try await Site.make()
        try await withWorkerLogin { _ in
            var portal = try await site.portal()
            var app = try await site.app()
            let vouched = try await app.enroll("bob")
            let insert = """
                INSERT INTO countersign.auth_requests (auth_type, callback_uri, secure_message)
                VALUES ('qr-code', '\(Site.callback)', 'hush') RETURNING transaction_id
                """
            let transaction = try #require(Identifier(try await portal.execute(insert)[0].text(0)))
            let code = try await portal.code(transaction)
            #expect(try await app.submit(vouched, code, "scan").reason == "not_enrolled")
            #expect(try await portal.status(transaction) == "issued")
        }
    }

    /// Its key for encryption may have ended since it was enrolled: then the request would have failed for everybody.
    @Test func `nor for a device that nothing can be encrypted to any more`() async throws {
        let site = try await Site.make()
        let key = try await GnuPG.withNewHome { gnuPG in
            try gnuPG.makeKey("alice")
            return try gnuPG.publicKey("alice")
        }
        try await withWorkerLogin { _ in
            var portal = try await site.portal()
            var app = try await site.app()
            let phone = try await SQLPhone.enroll("alice", &app)
            var superuser = try await Database.current.connectAsSuperuser()
            try await superuser.run(
                Statement("key", "UPDATE countersign.enrollments SET public_key = $1"), [.text(key)])
            let insert = """
                INSERT INTO countersign.auth_requests (auth_type, callback_uri, secure_message)
                VALUES ('qr-code', '\(Site.callback)', 'hush') RETURNING transaction_id
                """
            let transaction = try await portal.execute(insert)[0].identifier(0)
            let code = try await portal.code(transaction)
            #expect(try await app.submit(phone.enrollment, code, "scan").reason == "not_enrolled")
            #expect(try await portal.status(transaction) == "issued")
        }
    }

    private func result(_ transaction: Identifier, _ portal: inout Connection) async throws -> Row {
        let statement = Statement(
            "signed result",
            """
            SELECT status::text, signature_verified, signature, signer_fingerprint, user_id
            FROM countersign.auth_results WHERE transaction_id = $1
            """)
        return try await portal.run(statement, [.identifier(transaction)])[0]
    }
}
