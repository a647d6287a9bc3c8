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

    /// All three stages sleep.
    @Test(arguments: ["issue", "enroll", "validate"])
    func `a row rings the bell of the stage that works on it`(stage: String) async throws {
        let site = try await Site.make()
        var sleeper = try await Database.current.connect()
        let stages = ["issue", "enroll", "validate"]
        try await sleeper.listen(to: stages.map { "countersign_\($0)" })
        for stage in stages { try await sleeper.execute("SELECT countersign.arm_bell('\(stage)')") }
        var app = try await site.app()
        switch stage {
        case "issue":
            var portal = try await site.portal()
            _ = try await portal.request()
        case "enroll": try await app.run(SQL.enroll, ["alice", "phone"])
        default: try await app.run(SQL.submit, [.identifier(.random()), .text(Code.invented()), "scan"])
        }
        let rung = try await sleeper.notifications(until: .now + .seconds(10))
        #expect(rung.map(\.channel) == ["countersign_\(stage)"])
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
