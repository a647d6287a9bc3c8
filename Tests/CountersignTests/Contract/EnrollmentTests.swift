import Countersign
import Postgres
import Support
import Testing

/// `pending -> active | rejected`, and what becomes of the enrollment that a device had before.
@Suite(.database) struct EnrollmentTests {
    private func state(_ id: Identifier, _ app: inout Connection) async throws -> [String?] {
        let row = try await app.run(SQL.enrollment, [.identifier(id)])[0]
        return [try row.text(0), try row.optionalText(1)]
    }

    private func events() async throws -> [String] {
        var owner = try await Database.current.connect()
        return try await owner.execute("SELECT type FROM countersign.events ORDER BY event_id").map {
            try $0.text(0)
        }
    }

    @Test func `the same device again replaces the one before`() async throws {
        let site = try await Site.make()
        try await withWorkerLogin { _ in
            var app = try await site.app()
            let old = try await app.enroll("alice", "phone")
            let tablet = try await app.enroll("alice", "tablet")
            let bob = try await app.enroll("bob", "phone")
            let new = try await app.enroll("alice", "phone")
            #expect(try await state(old, &app) == ["revoked", "replaced"])
            for id in [tablet, bob, new] { #expect(try await state(id, &app) == ["active", nil]) }
            #expect(try await events().count { $0 == "enrollment.replaced" } == 1)
            #expect(try await events().count { $0 == "enrollment.active" } == 4)
        }
    }

    @Test func `of several at once the last is active`() async throws {
        let site = try await Site.make()
        var app = try await site.app()
        let ids = try await app.execute(
            """
            INSERT INTO countersign.enrollments (user_id, device_id)
            SELECT 'alice', 'phone' FROM generate_series(1, 3) RETURNING enrollment_id
            """
        ).map { try $0.identifier(0) }.sorted()
        try await withWorkerLogin { _ in
            try await eventually("the last is active") { try await state(ids[2], &app) == ["active", nil] }
        }
        for id in ids.prefix(2) {
            // In one batch the later counts; when the earlier was in one before, it was active until now.
            let ends: [[String?]] = [
                ["rejected", "replaced by a later enrollment of the same device"], ["revoked", "replaced"],
            ]
            #expect(ends.contains(try await state(id, &app)))
        }
    }

    /// A device keeps what it has when the new enrollment is refused.
    @Test(arguments: [
        "apps SET enabled = false", "settings SET enrollment_enabled = false",
        "settings SET signature_required = true",
    ])
    func `a refused enrollment does not revoke the one before`(change: String) async throws {
        let site = try await Site.make()
        var app = try await site.app()
        let old = try await app.run(SQL.enroll, ["alice", "phone"])[0].identifier(0)
        try await Database.current.arrange("UPDATE countersign.enrollments SET status = 'active'")
        let new = try await app.run(SQL.enroll, ["alice", "phone"])[0].identifier(0)
        try await Database.current.arrange("UPDATE countersign.\(change)")
        try await withWorkerLogin { _ in
            try await eventually("it is judged") { try await state(new, &app)[0] != "pending" }
        }
        #expect(try await state(new, &app)[0] == "rejected")
        #expect(try await state(old, &app) == ["active", nil])
    }

    @Test func `of two that two workers take the last is active, whoever is faster`() async throws {
        let site = try await Site.make()
        var app = try await site.app()
        let first = try await app.run(SQL.enroll, ["alice", "phone"])[0].identifier(0)
        let second = try await app.run(SQL.enroll, ["alice", "phone"])[0].identifier(0)
        var holder = try await Database.current.connect()
        let claim = Statement(
            "claim", "SELECT FROM countersign.enrollments WHERE enrollment_id = $1 FOR UPDATE")
        try await holder.execute("BEGIN")
        try await holder.run(claim, [.identifier(first)])
        try await withWorkerLogin { _ in
            try await eventually("the second is active") { try await state(second, &app)[0] == "active" }
            try await holder.execute("ROLLBACK")
            try await eventually("the first is judged") { try await state(first, &app)[0] != "pending" }
        }
        let late = ["rejected", "replaced by a later enrollment of the same device"]
        #expect(try await state(first, &app) == late)
        #expect(try await state(second, &app) == ["active", nil])
    }

    @Test func `what an app may say about itself is what it said`() async throws {
        let site = try await Site.make()
        var app = try await site.app()
        let columns = "SELECT status, attempts, app_id, cardinality(wrong_codes) FROM countersign.enrollments"
        _ = try await app.run(SQL.enroll, ["alice", "phone"])
        var owner = try await Database.current.connect()
        let row = try await owner.execute(columns)[0]
        #expect(try row.text(0) == "pending")
        #expect(try row.int(1) == 0)
        #expect(try row.int(2) == Int(site.appID))
        #expect(try row.int(3) == 0)
    }
}
