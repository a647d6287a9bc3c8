import Countersign
import Foundation
import OpenPGP
import Postgres
import Support
import Testing

/// Enrollments that are refused or revoked, and why.
@Suite(.database) struct RefusedEnrollmentTests {
    private func serverKeys(kept: Bool) async throws -> Int {
        try await Database.current.count(
            "SELECT count(*) FROM countersign.server_keys WHERE (secret_key IS NOT NULL) = \(kept)")
    }

    @Test func `keys that are refused say why`() async throws {
        let site = try await Site.make(signed: true)
        try await withWorkerLogin(stages: [.enroll]) { _ in
            var app = try await site.app()
            let context = try OpenPGPContext(capacity: 1)
            let pair = try context.generateKeyPair(userID: "a")
            for (key, reason) in [
                ("no key", "ASCII armor"), ("", "ASCII armor"),
                (String(pair.publicKey.dropFirst(200)), "ASCII armor"),
                (pair.publicKey + pair.publicKey, "more than one key"),
            ] {
                let result = try await app.enroll("alice", "phone", key: key)
                #expect(result.status == "rejected")
                #expect(result.reason?.hasPrefix("public_key: ") == true)
                #expect(result.reason?.contains(reason) == true, "\(result.reason ?? "")")
            }
            #expect(try await serverKeys(kept: true) == 0)
        }
    }

    @Test func `a secret key is not even stored`() async throws {
        let site = try await Site.make(signed: true)
        var app = try await site.app()
        let sent =
            "-----BEGIN PGP PRIVATE KEY BLOCK-----\n\nc2VjcmV0IGtleQ==\n-----END PGP PRIVATE KEY BLOCK-----\n"
        let result = try await app.enroll("alice", "phone", key: sent)
        #expect(result.status == "rejected")
        #expect(
            result.reason
                == "public_key holds a private key: make a new key pair and send its public key only")
        #expect(!(try await Database.current.everythingStored().contains("c2VjcmV0")))
    }

    /// The server logs the literals of a statement that fails.
    @Test func `a secret key makes no statement fail, whatever else is wrong with it`() async throws {
        let site = try await Site.make(signed: true)
        var app = try await site.app()
        let secret = Identifier.random().description
        let key = "E'-----BEGIN PGP PRIVATE KEY BLOCK-----\\n\\n\(secret)\\n'"
        let log = try await ServerLog.begin()
        for values in [
            "NULL, 'phone', NULL, \(key)", "'alice', '', NULL, \(key)", "'alice', 'phone', \(key), NULL",
            "'alice', 'phone', NULL, repeat(\(key), 1000)", "repeat('a', 256), E'\\n', NULL, \(key)",
        ] {
            #expect(try await enroll(values, &app) == "rejected", "\(values)")
        }
        // Without its first line it is known by its first packet: of type 5, with a length of one byte and of two, in the old
        // form and the new.
        for start: [UInt8] in [
            [0x94, 88, 4], [0x95, 1, 20, 4], [0x97, 4], [0xC5, 88, 4], [0xC5, 0xC0, 20, 4],
        ] {
            let packet = Data(start + Array(secret.utf8)).base64EncodedString()
            for text in [packet, "\\n\(packet)", "Version: GnuPG\\r\\n\\r\\n\(packet)"] {
                let values = "'bob', NULL, NULL, E'\(text)'"
                #expect(try await enroll(values, &app) == "rejected", "\(values)")
            }
            #expect(!(try await log.read().contains(packet)))
        }
        for setting in [
            "apps SET max_enrollments_per_hour = 1", "apps SET enabled = false",
            "settings SET enrollment_enabled = false",
        ] {
            try await Database.current.arrange("UPDATE countersign.\(setting)")
            #expect(try await enroll("'alice', 'phone', NULL, \(key)", &app) == "rejected", "\(setting)")
        }
        #expect(!(try await log.read().contains(secret)))
        #expect(!(try await Database.current.everythingStored().contains(secret)))
    }

    /// Each row stands there for as long as the app's enrollments do.
    @Test func `a user's secret keys are no more within an hour than the user's enrollments may be`()
        async throws
    {
        let site = try await Site.make(signed: true)
        var app = try await site.app()
        try await Database.current.arrangeAsSuperuser(
            "UPDATE countersign.apps SET max_enrollments_per_hour = 2, max_devices_per_user = 2")
        for _ in 0..<6 {
            try await app.execute(
                """
                INSERT INTO countersign.enrollments (user_id, device_id, public_key)
                VALUES ('alice', 'phone', '-----BEGIN PGP PRIVATE KEY BLOCK-----')
                """)
        }
        #expect(try await Database.current.rowCounts()["enrollments"] == 4)
    }

    private func enroll(_ values: String, _ app: inout Connection) async throws -> String {
        try await app.execute(
            """
            INSERT INTO countersign.enrollments (user_id, device_id, device_name, public_key)
            VALUES (\(values)) RETURNING status
            """)[0].text(0)
    }

    @Test func `enrolling while it is off is refused, also after the insert`() async throws {
        let site = try await Site.make(signed: true)
        var app = try await site.app()
        let key = try OpenPGPContext(capacity: 1).generateKeyPair(userID: "a").publicKey
        let id = try await app.run(SQL.enrollKey, ["alice", "phone", .text(key)])[0].identifier(0)
        try await Database.current.arrange("UPDATE countersign.settings SET enrollment_enabled = false")
        try await withWorkerLogin(stages: [.enroll]) { _ in
            try await eventually("it is judged") {
                try await app.run(SQL.enrollment, [.identifier(id)])[0].text(0) != "pending"
            }
        }
        let row = try await app.run(SQL.enrollment, [.identifier(id)])[0]
        #expect(try [row.text(0), row.text(1)] == ["rejected", "enrollment is disabled"])
        #expect(try await serverKeys(kept: true) == 0)
    }

    @Test func `an app revokes through the gateway its own enrollments and no others`() async throws {
        let site = try await Site.make(signed: true)
        let other = try await Site.make("other", signed: true)
        let login = try await Database.current.makeLogin("gateway", in: .gateway)
        try await withWorkerLogin(stages: [.enroll]) { _ in
            var app = try await site.app()
            let phone = try await SQLPhone.enroll("alice", &app)
            var gateway = try await Database.current.connect(as: login)
            let revoke = "SELECT countersign.revoke_enrollment('\(phone.enrollment)')"
            for name in [nil, "other-app"] {
                let setting = name.map { "SET LOCAL countersign.app = '\($0)';" } ?? ""
                #expect(try await gateway.refusal(of: "BEGIN; \(setting) \(revoke)")?.state == "CS003")
                try await gateway.execute("ROLLBACK")
            }
            let rows = try await gateway.execute("BEGIN; SET LOCAL countersign.app = 'acme-app'; \(revoke)")
            #expect(try rows[0].bool(0))
            try await gateway.execute("COMMIT")
            let row = try await app.run(SQL.enrollment, [.identifier(phone.enrollment)])[0]
            #expect(try [row.text(0), row.text(1)] == ["revoked", "revoked by the app"])
            #expect(try await serverKeys(kept: true) == 0)
            #expect(try await serverKeys(kept: false) == 1)
            #expect(other.appID != site.appID)
        }
    }
}
