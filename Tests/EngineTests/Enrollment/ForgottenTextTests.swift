import Countersign
import Foundation
import OpenPGP
import Postgres
import Support
import Testing

/// What must not be found in a dump: the text of a refused key, and a secure_message after the end.
@Suite(.database) struct ForgottenTextTests {
    /// In the armor of a public key only its packets tell; some of them only the worker can read.
    @Test func `a secret key in the armor of a public one is not kept`() async throws {
        let site = try await Site.make(signed: true)
        let secret = try OpenPGPContext(capacity: 1).generateKeyPair(userID: "a mistake").secretKey
        let marked = [0xCA, 0x03] + Array("PGP".utf8) + secret
        try await withWorkerLogin(stages: [.enroll]) { _ in
            var app = try await site.app()
            for bytes in [secret, marked] {
                let body = Data(bytes).base64EncodedString(options: [
                    .lineLength64Characters, .endLineWithLineFeed,
                ])
                let key =
                    "-----BEGIN PGP PUBLIC KEY BLOCK-----\n\n\(body)\n-----END PGP PUBLIC KEY BLOCK-----\n"
                let result = try await app.enroll("alice", "phone", key: key)
                #expect(result.status == "rejected")
                #expect(
                    result.reason?.contains("secret key") == true
                        || result.reason?.contains("private") == true)
                let stored = try await Database.current.everythingStored()
                for line in body.split(separator: "\n") where line.count == 64 {
                    #expect(!stored.contains(line))
                }
            }
        }
    }

    /// The stage does not have to run for a key that is a secret one by its first packet.
    @Test func `a secret key is refused where it is inserted`() async throws {
        let site = try await Site.make(signed: true)
        var app = try await site.app()
        let secret = try OpenPGPContext(capacity: 1).generateKeyPair(userID: "a mistake").secretKey
        let new = [0xC5, secret[1]] + secret.dropFirst(2)
        for bytes in [secret, Array(new)] {
            let body = Data(bytes).base64EncodedString()
            let key =
                "-----BEGIN PGP PUBLIC KEY BLOCK-----\r\nComment: mine\r\n\r\n\(body)\r\n-----END PGP PUBLIC KEY BLOCK-----"
            #expect(try await app.enroll("alice", "phone", key: key).status == "rejected")
            #expect(!(try await Database.current.everythingStored().contains(body.prefix(100))))
        }
    }

    @Test func `a refused key is forgotten, an accepted one kept`() async throws {
        let site = try await Site.make(signed: true)
        try await withWorkerLogin(stages: [.enroll]) { _ in
            var app = try await site.app()
            let phone = try await SQLPhone.enroll("alice", &app)
            let damaged = phone.keys.publicKey.replacing("\r\n\r\n", with: "\r\n\r\n*")
            #expect(try await app.enroll("bob", "phone", key: damaged).status == "rejected")
            let kept = "SELECT count(*) FROM countersign.enrollments WHERE public_key IS NOT NULL"
            #expect(try await Database.current.count(kept) == 1)
        }
    }

    @Test(arguments: ["accept", "deny", "cancel", "expire", "fail"])
    func `a secure message is forgotten with the end`(_ end: String) async throws {
        let site = try await Site.make()
        try await withWorkerLogin { _ in
            var portal = try await site.portal()
            var app = try await site.app()
            let enrollment = try await app.enroll("alice")
            let transaction = try await portal.execute(
                """
                INSERT INTO countersign.auth_requests (auth_type, callback_uri, secure_message)
                VALUES ('qr-code', '\(Site.callback)', 'to be forgotten') RETURNING transaction_id
                """)[0].identifier(0)
            let code = try await portal.code(transaction)
            #expect(try await Database.current.everythingStored().contains("to be forgotten"))
            switch end {
            case "accept", "deny": _ = try await app.submit(enrollment, code, end)
            case "fail":
                try await Database.current.arrange(
                    "SELECT countersign.end_requests(ARRAY['\(transaction)'::uuid], ARRAY['failed'])")
            case "cancel": _ = try await portal.cancel(transaction)
            default: try await Database.current.makeDue(transaction)
            }
            let open = "SELECT count(*) FROM countersign.auth_requests WHERE open_until IS NOT NULL"
            try await Database.current.wait(until: open, is: 0)
            #expect(!(try await Database.current.everythingStored().contains("to be forgotten")))
        }
    }
}
