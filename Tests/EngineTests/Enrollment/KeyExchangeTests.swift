import Administration
import Countersign
import Crypto
@testable import Engine
import OpenPGP
import Postgres
import Support
import Testing

/// What an enrollment gets for its key, and why a key is refused.
@Suite(.database) struct KeyExchangeTests {
    private func keys() async throws -> [(fingerprint: String, shared: Bool, retired: Bool, kept: Bool)] {
        var owner = try await Database.current.connect()
        return try await owner.execute(
            """
            SELECT fingerprint, shared, retired_at IS NOT NULL, secret_key IS NOT NULL
            FROM countersign.server_keys ORDER BY created_at, server_key_id
            """
        ).map { (try $0.text(0), try $0.bool(1), try $0.bool(2), try $0.bool(3)) }
    }

    private func set(_ setting: String) async throws {
        try await Database.current.arrange("UPDATE countersign.settings SET \(setting)")
    }

    @Test func `each enrollment gets a server key of its own`() async throws {
        let site = try await Site.make(signed: true)
        try await withWorkerLogin { _ in
            var app = try await site.app()
            let context = try OpenPGPContext(capacity: 4)
            let alice = try await SQLPhone.enroll("alice", &app)
            let bob = try await SQLPhone.enroll("bob", &app)
            let served = [try await app.serverKey(alice.enrollment), try await app.serverKey(bob.enrollment)]
            let fingerprints = try served.map { try context.inspect(publicKey: $0).fingerprint }
            #expect(Set(fingerprints).count == 2)
            #expect(try await keys().map(\.fingerprint).sorted() == fingerprints.sorted())
            #expect(try await keys().allSatisfy { !$0.shared && $0.kept })
        }
    }

    @Test func `the same device again gets new keys, the old server key is forgotten, the audit knows`()
        async throws
    {
        let site = try await Site.make(signed: true)
        try await withWorkerLogin { _ in
            var portal = try await site.portal()
            var app = try await site.app()
            let old = try await SQLPhone.enroll("alice", &app)
            let new = try await SQLPhone.enroll("alice", &app)
            let (_, code) = try await portal.issued()
            #expect(try await old.send(.accept, code, &app).reason == "enrollment_revoked")
            var stolen = try old.submission(.accept, code)
            stolen.text.enrollmentID = new.enrollment
            stolen.signature = try old.sign(stolen.text)
            #expect(try await app.submit(stolen).reason == "invalid_signature")
            #expect(try await new.send(.accept, code, &app).result == "accepted")
            #expect(try await keys().map(\.kept) == [false, true])
            var owner = try await Database.current.connect()
            let event = try await owner.execute(
                """
                SELECT enrollment_id::text, details ->> 'key_fingerprint', details ->> 'replaced_by', user_id
                FROM countersign.events WHERE type = 'enrollment.replaced'
                """)
            #expect(event.count == 1)
            #expect(try event[0].text(0) == old.enrollment.description)
            #expect(try event[0].text(1) == old.keys.fingerprint)
            #expect(try event[0].text(2) == new.enrollment.description)
            #expect(try event[0].text(3) == "alice")
        }
    }

    @Test func `a shared pair is made once, by whichever worker needs it first`() async throws {
        let site = try await Site.make(signed: true)
        try await set("unique_pgp_keys_per_enrollment = false")
        var app = try await site.app()
        let key = try OpenPGPContext(capacity: 1).generateKeyPair(userID: "a").publicKey
        let insert = Statement(
            "many",
            """
            INSERT INTO countersign.enrollments (user_id, device_id, public_key)
            SELECT 'user' || n, 'phone', $1 FROM generate_series(1, 40) n
            """)
        try await app.run(insert, [.text(key)])
        try await withWorkerLogin(stages: [.enroll]) { _ in
            try await withWorker(stages: [.enroll], batchSize: 3) { _ in
                try await eventually("all are active") {
                    try await Database.current.count(
                        "SELECT count(*) FROM countersign.enrollments WHERE status = 'active'") == 40
                }
            }
        }
        #expect(try await keys().count == 1)
        let distinct = "SELECT count(DISTINCT server_key_id) FROM countersign.enrollments"
        #expect(try await Database.current.count(distinct) == 1)
    }

    /// Both look before either has made it: the second waits for the first, and takes its.
    @Test func `two workers that make a shared pair at the same time end with one`() async throws {
        let sealer = Sealer.ofTests
        let context = try OpenPGPContext(capacity: 1)
        var first = try await Database.current.connect()
        let options = Database.current.ownerOptions
        let made = [try ServerKey.make(context, sealer), try ServerKey.make(context, sealer)]
        try await first.execute("BEGIN")
        try await first.run(InsertSharedKey(key: made[0]))
        async let second: Void = {
            var connection = try await Connection.open(options)
            try await connection.run(InsertSharedKey(key: made[1]))
        }()
        try await Database.current.waitForBlockedSession()
        try await first.execute("COMMIT")
        try await second
        #expect(try await keys().map(\.fingerprint) == [made[0].fingerprint])
    }

    @Test func `a rotated pair goes on for those who have it, and new ones get the next`() async throws {
        let site = try await Site.make(signed: true)
        try await set("unique_pgp_keys_per_enrollment = false")
        try await withWorkerLogin { _ in
            var portal = try await site.portal()
            var app = try await site.app()
            #expect(try await act("key rotate").hasPrefix("there is no shared key pair"))
            let alice = try await SQLPhone.enroll("alice", &app)
            let retired = try await act("key rotate")
            #expect(retired.hasSuffix("\n1 active enrollment goes on under retired pairs"))
            #expect(try await act("key rotate").hasPrefix("there is no shared key pair"))
            let bob = try await SQLPhone.enroll("bob", &app)
            #expect(try await keys().map(\.retired) == [true, false])
            #expect(try await keys().map(\.kept) == [true, true])
            let old = try await app.serverKey(alice.enrollment)
            let context = try OpenPGPContext(capacity: 1)
            #expect(retired.contains(try context.inspect(publicKey: old).fingerprint))
            for (phone, key) in [(alice, old), (bob, try await app.serverKey(bob.enrollment))] {
                #expect(try await secret(phone, key, &portal, &app) == "hush")
            }
        }
    }

    @Test func `server keys follow the master key`() async throws {
        let site = try await Site.make(signed: true)
        var owner = try await Database.current.connect()
        try await owner.execute("DELETE FROM countersign.callback_urls; DELETE FROM countersign.portals")
        var app = try await site.app()
        let old = MasterKey(id: 1, key: .init(size: .bits256))
        let new = MasterKey(id: 2, key: .init(size: .bits256))
        let phone = try await withWorker(stages: [.enroll], sealer: Sealer(MasterKeys(current: old))) { _ in
            try await SQLPhone.enroll("alice", &app)
        }
        await #expect(throws: SealingError.self) {
            try await Sealer(MasterKeys(current: new)).checkMasterKey(&owner)
        }
        let both = Sealer(MasterKeys(current: new, older: [old]))
        try await both.checkMasterKey(&owner)
        #expect(try await both.reseal(&owner) == 1)
        let alone = Sealer(MasterKeys(current: new))
        try await alone.checkMasterKey(&owner)
        let second = try await Site.make("second", signed: true)
        try await withWorker(sealer: alone) { _ in
            var portal = try await second.portal()
            let key = try await app.serverKey(phone.enrollment)
            #expect(try await secret(phone, key, &portal, &app) == "hush")
        }
    }

    /// What the phone decrypts of a secure message, and verifies with the server's key.
    private func secret(
        _ phone: SQLPhone, _ serverKey: String, _ portal: inout Connection, _ app: inout Connection
    ) async throws -> String {
        let insert = """
            INSERT INTO countersign.auth_requests (auth_type, callback_uri, secure_message)
            VALUES ('qr-code', '\(Site.callback)', 'hush') RETURNING transaction_id
            """
        let transaction = try #require(Identifier(try await portal.execute(insert)[0].text(0)))
        let scan = try await phone.send(.scan, portal.code(transaction), &app)
        return try phone.secureMessage(in: try #require(scan.prompt, "\(scan)"), serverKey: serverKey)
    }

    /// Its scan is tried alone and given up in the end; everybody else's go on.
    @Test func `a server key that does not open stops nobody else`() async throws {
        let site = try await Site.make(signed: true)
        try await withWorker(poll: .milliseconds(100)) { _ in
            var portal = try await site.portal()
            var app = try await site.app()
            let broken = try await SQLPhone.enroll("alice", &app)
            let whole = try await SQLPhone.enroll("bob", &app)
            try await Database.current.arrange(
                """
                UPDATE countersign.server_keys SET secret_key = set_byte(secret_key, 40, get_byte(secret_key, 40) # 1)
                WHERE server_key_id = (SELECT server_key_id FROM countersign.enrollments WHERE user_id = 'alice')
                """)
            let insert = """
                INSERT INTO countersign.auth_requests (auth_type, callback_uri, secure_message)
                VALUES ('qr-code', '\(Site.callback)', 'hush') RETURNING transaction_id
                """
            let transaction = try #require(Identifier(try await portal.execute(insert)[0].text(0)))
            let scan = try broken.submission(.scan, try await portal.code(transaction))
            let id = try await app.run(SQL.submitText, scan.parameters)[0].identifier(0)
            let key = try await app.serverKey(whole.enrollment)
            #expect(try await secret(whole, key, &portal, &app) == "hush")
            try await eventually("it is given up") {
                try await app.run(SQL.result, [.identifier(id)])[0].text(0) == "rejected"
            }
            #expect(try await portal.status(transaction) == "failed")
        }
    }
}
