import Countersign
import OpenPGP
import Postgres
import Support
import Testing

/// What SQL and Swift both write down is the same. The signed lines are tied where evidence is verified.
@Suite(.database) struct SharedConstantTests {
    @Test func `stages, their order and the keys of their bells`() async throws {
        var owner = try await Database.current.connect()
        let rows = try await owner.execute(
            """
            SELECT stage, countersign.stage_number(stage), countersign.bell_key(stage) FROM countersign.stage_controls
            ORDER BY 2
            """)
        #expect(try rows.map { try $0.text(0) } == StageName.allCases.map(\.rawValue))
        #expect(try rows.map { try $0.int(1) } == Array(1...StageName.allCases.count))
        #expect(try rows.map { try $0.int(2) } == StageName.allCases.indices.map { 0x4353_0000 + $0 + 1 })
    }

    @Test(arguments: [("requests", "issue"), ("enrollments", "enroll"), ("submissions", "validate")])
    func `a row rings the bell of the stage that works on it`(table: String, stage: String) async throws {
        let name = table == "requests" ? "auth_requests" : table
        var owner = try await Database.current.connect()
        let rows = try await owner.execute(
            """
            SELECT encode(tgargs, 'escape') FROM pg_trigger
            WHERE tgrelid = 'countersign.\(name)'::regclass AND tgname = 'ring_bell'
            """)
        #expect(try rows[0].text(0) == "\(stage)\\000")
    }

    @Test func `how long a device's key may be`() async throws {
        var owner = try await Database.current.connect()
        try await owner.execute("INSERT INTO countersign.apps (login, name) VALUES ('mobile', 'mobile')")
        let insert = """
            INSERT INTO countersign.enrollments (app_id, user_id, device_id, public_key)
            SELECT app_id, 'alice', 'phone', repeat('x', \(DeviceKey.limit)
            """
        try await owner.execute("\(insert)) FROM countersign.apps")
        let refusal = try await owner.refusal(of: "\(insert) + 1) FROM countersign.apps")
        #expect(refusal?.state == "CS003")
    }

    @Test(arguments: [(0, "pending"), (1, "rejected")])
    func `how long a signature may be`(more: Int, status: String) async throws {
        var owner = try await Database.current.connect()
        try await owner.execute("INSERT INTO countersign.apps (login, name) VALUES ('mobile', 'mobile')")
        let rows = try await owner.execute(
            """
            INSERT INTO countersign.submissions (app_id, enrollment_id, otp, action, signature)
            SELECT app_id, gen_random_uuid()::text, repeat('a', 64), 'scan', repeat('x', \(VerifiedSignature.limit + more))
            FROM countersign.apps RETURNING status
            """)
        #expect(try rows[0].text(0) == status)
    }
}
