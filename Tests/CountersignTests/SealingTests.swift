import Administration
import Countersign
import Crypto
import Foundation
import Postgres
import Support
import Testing

@Suite struct SealingTests {
    private let place = SealedColumn.signingSecret.place(7)
    private let secret = Array("a secret".utf8)

    private func sealer(_ ids: UInt32...) throws -> Sealer {
        Sealer(try MasterKeys(ids.map { MasterKey.generate(id: $0) }.joined(separator: ",")))
    }

    @Test func `what is sealed opens`() throws {
        let sealer = try sealer(1)
        #expect(try sealer.open(sealer.seal(secret, at: place), at: place) == secret)
        #expect(try sealer.open(sealer.seal([], at: place), at: place) == [])
    }

    @Test func `the format is the one that is documented`() throws {
        let bytes = (0..<32).map { UInt8($0) }
        let keys = try MasterKeys("16909060:\(Data(bytes).base64EncodedString())")
        let sealed = try Sealer(keys).seal(secret, at: place)
        #expect(Array(sealed.prefix(5)) == [1, 1, 2, 3, 4])
        #expect(sealed.count == 5 + 12 + secret.count + 16)
        let box = try AES.GCM.SealedBox(
            nonce: AES.GCM.Nonce(data: sealed[5..<17]), ciphertext: sealed[17..<(sealed.count - 16)],
            tag: sealed.suffix(16))
        let opened = try AES.GCM.open(
            box, using: SymmetricKey(data: bytes),
            authenticating: Data("countersign.portals.signing_secret/7".utf8))
        #expect(Array(opened) == secret)
    }

    @Test func `the same secret never looks the same`() throws {
        let sealer = try sealer(1)
        let sealed = try (0..<100).map { _ in try sealer.seal(secret, at: place) }
        #expect(Set(sealed).count == 100)
    }

    @Test func `a value that was moved does not open`() throws {
        let sealer = try sealer(1)
        let sealed = try sealer.seal(secret, at: place)
        let others = [
            SealedColumn.signingSecret.place(8), SealedColumn.callbackPassword.place(7),
            SealedPlace(table: "portals", column: "other", primaryKey: "7"),
            SealedPlace(table: "portals", column: "signing_secret", primaryKey: "70"),
        ]
        for other in others {
            #expect(throws: SealingError.doesNotOpen(1, other)) { try sealer.open(sealed, at: other) }
        }
    }

    @Test func `a value with one changed bit does not open`() throws {
        let sealer = try sealer(1)
        let sealed = try sealer.seal(secret, at: place)
        for index in sealed.indices {
            var changed = sealed
            changed[index] ^= 0x10
            #expect(throws: SealingError.self) { try sealer.open(changed, at: place) }
        }
        for length in sealed.indices {
            #expect(throws: SealingError.self) { try sealer.open(Array(sealed.prefix(length)), at: place) }
        }
    }

    @Test func `the first key seals and all open`() throws {
        let (old, new) = (MasterKey.generate(id: 1), MasterKey.generate(id: 2))
        let before = try Sealer(MasterKeys(old)).seal(secret, at: place)
        let both = Sealer(try MasterKeys("\(new),\(old)"))
        #expect(try both.open(before, at: place) == secret)
        let after = try both.seal(secret, at: place)
        #expect(try Sealer(MasterKeys(new)).open(after, at: place) == secret)
        #expect(throws: SealingError.unknownKey(2, place)) {
            try Sealer(MasterKeys(old)).open(after, at: place)
        }
        #expect(throws: SealingError.doesNotOpen(1, place)) {
            try sealer(1).open(before, at: place)
        }
    }

    @Test(
        arguments: [
            (nil, .missing), ("", .missing), (" \n", .missing),
            (String(repeating: "QUJD", count: 11), .malformed(place: 1)),
            ("x:" + key32, .invalidID(place: 1)), (":" + key32, .invalidID(place: 1)),
            ("-1:" + key32, .invalidID(place: 1)), ("+1:" + key32, .invalidID(place: 1)),
            ("4294967296:" + key32, .invalidID(place: 1)),
            ("1:not base64!", .invalidBase64(place: 1)), ("1:QUJD", .wrongLength(place: 1, bytes: 3)),
            ("1:" + key32 + ",", .malformed(place: 2)),
            ("1:\(key32),2:QUJD", .wrongLength(place: 2, bytes: 3)),
            ("1:\(key32),1:\(key32)", .repeated(id: 1)),
        ] as [(String?, MasterKeyError)])
    func `wrong keys are refused without being shown`(text: String?, error: MasterKeyError) throws {
        #expect(throws: error) { try MasterKeys(text) }
        for part in (text ?? "").split(whereSeparator: { ":, \n".contains($0) }) where part.count > 6 {
            #expect(!error.description.contains(part))
        }
    }

    @Test func `white space around keys does not matter`() throws {
        let keys = try MasterKeys(" 2:\(key32) , 0:\(key32)\n")
        #expect(keys.current.id == 2 && keys.older.map(\.id) == [0])
    }

    @Test func `keys are not shown`() throws {
        let keys = try MasterKeys("1:\(key32)")
        let bytes = try #require(Data(base64Encoded: key32))
        var dumped = ""
        dump([keys.current], to: &dumped)
        dump(Sealer(keys), to: &dumped)
        let shown = [
            "\(keys)", "\(keys.current)", String(reflecting: keys.current), "\(Sealer(keys))", dumped,
        ]
        for text in shown {
            #expect(text.contains("redacted"))
            #expect(!text.contains(key32) && !text.contains("\(bytes[0]), \(bytes[1])"))
        }
    }
}

private let key32 = "8J+YgPCfmIDwn5iA8J+YgPCfmIDwn5iA8J+YgPCfmIA="

/// With a database that holds sealed values.
@Suite(.database) struct SealingDatabaseTests {
    private let old = MasterKey.generate(id: 1)
    private let new = MasterKey.generate(id: 2)

    @Test func `a value moved to another row does not open, and the check says where`() async throws {
        let sealer = Sealer(try MasterKeys(old))
        var owner = try await Database.current.connect()
        try await insertPortals(2, sealer, &owner)
        try await sealer.checkMasterKey(&owner)
        try await owner.execute(
            """
            UPDATE countersign.portals a SET signing_secret = b.signing_secret
            FROM countersign.portals b WHERE (a.portal_id, b.portal_id) = (1, 2)
            """)
        let error = SealingError.doesNotOpen(1, SealedColumn.signingSecret.place(1))
        await #expect(throws: error) { try await sealer.checkMasterKey(&owner) }
    }

    @Test func `the check looks at every key in use and every column`() async throws {
        var owner = try await Database.current.connect()
        let both = Sealer(try MasterKeys("\(new),\(old)"))
        try await insertPortals(3, Sealer(try MasterKeys(old)), &owner)
        try await both.checkMasterKey(&owner)
        let password = try both.seal([1], at: SealedColumn.callbackPassword.place(1))
        try await owner.run(
            Statement(
                "callback",
                """
                INSERT INTO countersign.callback_urls (callback_id, portal_id, url, username, password)
                VALUES (1, 1, 'https://acme.example/', 'u', $1)
                """), [.bytes(password)])
        try await both.checkMasterKey(&owner)
        await #expect(throws: SealingError.unknownKey(2, SealedColumn.callbackPassword.place(1))) {
            try await Sealer(try MasterKeys(old)).checkMasterKey(&owner)
        }
        await #expect(throws: SealingError.unknownKey(1, SealedColumn.signingSecret.place(1))) {
            try await Sealer(try MasterKeys(new)).checkMasterKey(&owner)
        }
    }

    @Test func `an empty database fits any key`() async throws {
        var owner = try await Database.current.connect()
        try await Sealer(try MasterKeys(old)).checkMasterKey(&owner)
        #expect(try await Sealer(try MasterKeys(old)).reseal(&owner) == 0)
    }

    @Test func `resealing interrupted between batches goes on where it was`() async throws {
        struct Interruption: Error {}
        var owner = try await Database.current.connect()
        try await insertPortals(10, Sealer(try MasterKeys(old)), &owner)
        let both = Sealer(try MasterKeys("\(new),\(old)"))
        await #expect(throws: Interruption.self) {
            try await both.reseal(&owner, batchSize: 4) { _, count in
                #expect(count == 4)
                throw Interruption()
            }
        }
        try await both.checkMasterKey(&owner)
        #expect(try await both.reseal(&owner, batchSize: 4) == 6)
        #expect(try await both.reseal(&owner, batchSize: 4) == 0)
        try await Sealer(try MasterKeys(new)).checkMasterKey(&owner)
        let rows = try await owner.run(
            Statement("secrets", "SELECT portal_id, signing_secret FROM countersign.portals"))
        for row in rows {
            let id = try row.int(0)
            let place = SealedColumn.signingSecret.place(id)
            #expect(try Sealer(MasterKeys(new)).open(row.bytes(1), at: place) == [UInt8(id)])
        }
        let events = try await owner.execute(
            "SELECT sum((details ->> 'values')::int)::int FROM countersign.events WHERE type = 'key.resealed'"
        )
        #expect(try events[0].int(0) == 10)
    }

    @Test func `a value that changes while it is sealed anew stays`() async throws {
        var owner = try await Database.current.connect()
        let (before, both) = (Sealer(try MasterKeys(old)), Sealer(try MasterKeys("\(new),\(old)")))
        try await insertPortals(1, before, &owner)
        let place = SealedColumn.signingSecret.place(1)
        let read = try await owner.run(Statement("read", "SELECT signing_secret FROM countersign.portals"))[0]
            .bytes(0)
        let rotated = try before.seal([99], at: place)
        try await owner.run(
            Statement("rotate", "UPDATE countersign.portals SET signing_secret = $1"), [.bytes(rotated)])
        // The statement of a reseal that had read the row before.
        let late = ReplaceSealed(
            column: .signingSecret, rows: [SealedRow(key: "1", value: read)],
            sealed: [try both.seal([1], at: place)], keyID: 2)
        #expect(try await owner.run(late).first() == nil)
        #expect(try await both.reseal(&owner) == 1)
        let stored = try await owner.run(Statement("read", "SELECT signing_secret FROM countersign.portals"))[
            0
        ].bytes(0)
        #expect(try both.open(stored, at: place) == [99])
    }

    @Test func `a value that does not open stops resealing and stays`() async throws {
        var owner = try await Database.current.connect()
        try await insertPortals(1, Sealer(try MasterKeys(old)), &owner)
        try await owner.execute("UPDATE countersign.portals SET signing_secret = '\\x0100'")
        let both = Sealer(try MasterKeys("\(new),\(old)"))
        let place = SealedColumn.signingSecret.place(1)
        await #expect(throws: SealingError.malformed(place)) { try await both.checkMasterKey(&owner) }
        await #expect(throws: SealingError.malformed(place)) { try await both.reseal(&owner) }
    }

    /// Portal n has the secret [n].
    private func insertPortals(
        _ count: Int, _ sealer: Sealer, _ connection: inout Connection
    ) async throws {
        let sealed = try (1...count).map {
            try sealer.seal([UInt8($0)], at: SealedColumn.signingSecret.place($0))
        }
        try await connection.run(
            Statement(
                "portals",
                """
                INSERT INTO countersign.portals (portal_id, name, login, display_name, signing_secret)
                SELECT place, 'p' || place, 'p' || place, 'p' || place, secret
                FROM unnest($1::bytea[]) WITH ORDINALITY AS given (secret, place)
                """), [.byteses(sealed)])
    }
}
