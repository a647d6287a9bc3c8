import Countersign
import Postgres
import Support
import Testing

@Suite struct KeyCommandTests {
    @Test func `generating prints what the variable takes`() async throws {
        let first = try await Shell().succeed("key", "generate").output
        let second = try await Shell().succeed("key", "generate", "--id", "4294967295").output
        #expect(first.hasPrefix("COUNTERSIGN_MASTER_KEY=1:") && first.hasSuffix("=\n"))
        #expect(second.hasPrefix("COUNTERSIGN_MASTER_KEY=4294967295:"))
        for line in [first, second] {
            let value = line.dropFirst("COUNTERSIGN_MASTER_KEY=".count).dropLast()
            _ = try MasterKeys(String(value))
        }
        #expect(first.dropFirst(25) != (try await Shell().succeed("key", "generate").output).dropFirst(25))
        #expect(try await Shell().run("key", "generate", "--id", "-1").status == 64)
        #expect(try await Shell().run("key", "generate", "--id", "4294967296").status == 64)
    }

    @Test func `a key that nobody could read is a failure`() async throws {
        let program = try Shell().start(["key", "generate"], output: "/dev/full")
        #expect(try await program.outcome().status == 74)
    }

    @Test(.database) func `resealing`() async throws {
        let (old, new) = (MasterKeyText.make(id: 1), MasterKeyText.make(id: 2))
        let shell = try await Shell.member(of: .admin, key: old)
        let added = try await shell.succeed(
            "portal", "add", "acme", "--role", Database.current.unique("acme"))
        try await shell.succeed(
            "callback", "add", "acme", "https://acme.example/cb", "--username", "u", "--password-stdin",
            input: "hush\n")
        #expect(
            try await shell.succeed("key", "reseal").output
                == "every secret is sealed with master key 1 already\n")

        let both = shell.with("COUNTERSIGN_MASTER_KEY", (new + old).text)
        #expect(try await both.succeed("key", "reseal").output == "2 secrets sealed anew with master key 2\n")
        #expect(
            try await both.succeed("key", "reseal").output
                == "every secret is sealed with master key 2 already\n")
        try await shell.run("key", "reseal").expect(
            78,
            "countersign.portals.signing_secret/1 is sealed with master key 2, which is not in "
                + "COUNTERSIGN_MASTER_KEY")
        let alone = shell.with("COUNTERSIGN_MASTER_KEY", new.text)
        try await alone.succeed("key", "reseal")
        #expect(added.value(of: "signing secret") != nil)
        #expect(try await eventTypes().filter { $0 == "key.resealed" } == ["key.resealed", "key.resealed"])
    }

    @Test(.database) func `resealing that was killed half way is repeated`() async throws {
        let (old, new) = (MasterKeyText.make(id: 1), MasterKeyText.make(id: 2))
        let secrets = try await insertPortals(250, sealer: try old.sealer())
        let shell = try await Shell.member(of: .admin, key: new + old)

        // Somebody holds a row of the second batch, so that the program stands still after the first.
        var holder = try await Database.current.connect()
        try await holder.execute("BEGIN; SELECT FROM countersign.portals WHERE portal_id = 150 FOR UPDATE")
        let program = try shell.start(["key", "reseal"])
        try await Database.current.waitForBlockedSession()
        program.kill()
        #expect(try await program.outcome().status == 9)
        try await holder.execute("ROLLBACK")
        try await Database.current.wait(
            until: "SELECT count(*) FROM pg_stat_activity WHERE usename LIKE 'cliadmin%'", is: 0)
        let counts = try await keyIDs()
        #expect(counts[2, default: 0] >= 100 && counts[1, default: 0] > 0)

        let left = counts[1, default: 0]
        #expect(
            try await shell.succeed("key", "reseal").output
                == "\(left) secrets sealed anew with master key 2\n")
        #expect(try await keyIDs() == [2: 250])
        #expect(try await openedSecrets(try new.sealer()) == secrets)
    }

    @Test(.database) func `a row that somebody holds for long`() async throws {
        let (old, new) = (MasterKeyText.make(id: 1), MasterKeyText.make(id: 2))
        _ = try await insertPortals(1, sealer: try old.sealer())
        var holder = try await Database.current.connect()
        try await holder.execute("BEGIN; SELECT FROM countersign.portals FOR UPDATE")
        let shell = try await Shell.member(of: .admin, key: new + old)
        try await shell.run("key", "reseal")
            .expect(75, "try again: canceling statement due to lock timeout")
    }

    @Test(.database) func `the check at a worker's start`() async throws {
        let key = MasterKeyText.make(id: 7)
        _ = try await insertPortals(2, sealer: try key.sealer())
        let shell = try await Shell.member(of: .worker)
        let missing = try await shell.run("work")
        #expect(missing.status == 78 && missing.errors.contains("COUNTERSIGN_MASTER_KEY is not set"))
        let other = try await shell.with("COUNTERSIGN_MASTER_KEY", MasterKeyText.make(id: 1).text).run("work")
        #expect(other.status == 78)
        #expect(
            other.errors.contains("is sealed with master key 7, which is not in COUNTERSIGN_MASTER_KEY"))
        let wrong = try await shell.with("COUNTERSIGN_MASTER_KEY", MasterKeyText.make(id: 7).text).run("work")
        #expect(wrong.status == 78 && wrong.errors.contains("does not open with master key 7"))
    }

    private func insertPortals(_ count: Int, sealer: Sealer) async throws -> [[UInt8]] {
        let secrets = (0..<count).map { _ in randomBytes(32) }
        let sealed = try secrets.enumerated().map {
            try sealer.seal($1, at: SealedColumn.signingSecret.place($0 + 1))
        }
        var owner = try await Database.current.connect()
        try await owner.run(
            Statement(
                "insert",
                """
                INSERT INTO countersign.portals (portal_id, name, login, display_name, signing_secret)
                SELECT place, 'p' || place, 'p' || place, 'p' || place, secret
                FROM unnest($1::bytea[]) WITH ORDINALITY AS given (secret, place)
                """), [.byteses(sealed)])
        return secrets
    }

    /// How many secrets each key has sealed.
    private func keyIDs() async throws -> [Int: Int] {
        var owner = try await Database.current.connect()
        let rows = try await owner.execute(
            """
            SELECT get_byte(signing_secret, 4), count(*) FROM countersign.portals GROUP BY 1
            """)
        return Dictionary(uniqueKeysWithValues: try rows.map { (try $0.int(0), try $0.int(1)) })
    }

    private func openedSecrets(_ sealer: Sealer) async throws -> [[UInt8]] {
        var owner = try await Database.current.connect()
        return try await owner.run(
            Statement(
                "secrets", "SELECT portal_id, signing_secret FROM countersign.portals ORDER BY portal_id")
        ).map { try sealer.open(try $0.bytes(1), at: SealedColumn.signingSecret.place(try $0.int(0))) }
    }
}
