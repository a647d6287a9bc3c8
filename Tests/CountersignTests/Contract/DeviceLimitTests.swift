import Countersign
import Engine
import Postgres
import Support
import Testing

/// One user has a bounded number of devices, and enrolling one again neither counts nor lifts a lock.
@Suite(.database) struct DeviceLimitTests {
    @Test func `the eleventh device of a user is refused, others and replacements are not`() async throws {
        let site = try await Site.make()
        try await withWorkerLogin(stages: [.enroll]) { _ in
            var app = try await site.app()
            for number in 1...10 { _ = try await app.enroll("alice", "phone-\(number)") }
            let error = try #require(try await app.refusal(of: SQL.enroll, ["alice", "phone-11"]))
            #expect(error.state == "CS008" && error.message.contains("10 devices"))
            _ = try await app.enroll("alice", "phone-10")
            _ = try await app.enroll("bob", "phone-1")
            try await Database.current.arrange("UPDATE countersign.apps SET max_devices_per_user = 11")
            _ = try await app.enroll("alice", "phone-11")
        }
    }

    @Test func `devices that wait count, too, also those of one statement`() async throws {
        let site = try await Site.make()
        var app = try await site.app()
        let error = try #require(
            try await app.refusal(
                of: """
                    INSERT INTO countersign.enrollments (user_id, device_id, public_key)
                    SELECT 'alice', 'phone-' || n, 'a key' FROM generate_series(1, 11) n
                    """))
        #expect(error.state == "CS008" && error.message.contains("10 devices"))
    }

    /// Inserts at the same moment do not see each other.
    @Test func `devices that are enrolled at the same moment do not pass it`() async throws {
        let site = try await Site.make()
        var first = try await site.app()
        var second = try await site.app()
        try await Database.current.arrange("UPDATE countersign.apps SET max_devices_per_user = 4")
        let insert = """
            BEGIN;
            INSERT INTO countersign.enrollments (user_id, device_id) SELECT 'alice', 'phone-' || n
            FROM generate_series
            """
        try await first.execute("\(insert)(1, 4) AS n")
        try await second.execute("\(insert)(5, 8) AS n")
        try await first.execute("COMMIT")
        try await second.execute("COMMIT")
        let pending = "SELECT count(*) FROM countersign.enrollments WHERE status = 'pending'"
        try await withWorkerLogin(stages: [.enroll]) { _ in
            try await withWorker(stages: [.enroll]) { _ in
                try await Database.current.wait(until: pending, is: 0)
            }
        }
        let active = "SELECT count(*) FROM countersign.enrollments WHERE status = 'active'"
        #expect(try await Database.current.count(active) == 4)
        let told = """
            SELECT count(*) FROM countersign.enrollments
            WHERE status = 'rejected' AND reason = 'this user has 4 devices, which is the limit: revoke one first'
            """
        #expect(try await Database.current.count(told) == 4)
    }

    /// Each looks before the other has written.
    @Test func `workers that activate devices at the same moment do not pass it`() async throws {
        let site = try await Site.make()
        var app = try await site.app()
        var owner = try await Database.current.connect()
        for device in ["a", "b"] {
            try await app.execute(
                "INSERT INTO countersign.enrollments (user_id, device_id) VALUES ('alice', '\(device)')")
        }
        try await owner.execute(
            "UPDATE countersign.apps SET max_devices_per_user = 1")
        let activate = "UPDATE countersign.enrollments SET status = 'active', slot = 1 WHERE device_id ="
        try await owner.execute("\(activate) 'a'")
        let error = try #require(try await owner.refusal(of: "\(activate) 'b'"))
        #expect(error.message.contains("enrollments_slot"))
    }

    @Test func `an administrator sets the limit`() async throws {
        let site = try await Site.make()
        let login = try await Database.current.makeLogin("operator", in: .admin)
        var admin = try await Database.current.connect(as: login)
        try await admin.execute("UPDATE countersign.apps SET max_devices_per_user = 1")
        var app = try await site.app()
        try await app.execute(
            "INSERT INTO countersign.enrollments (user_id, device_id, public_key) VALUES ('alice', 'a', 'a key')"
        )
        let error = try #require(
            try await app.refusal(
                of:
                    "INSERT INTO countersign.enrollments (user_id, device_id, public_key) VALUES ('alice', 'b', 'k')"
            ))
        #expect(error.message.contains("1 devices"))
    }

    @Test func `neither enrolling again, nor another device, nor revoking lifts a lock`() async throws {
        let site = try await Site.make()
        try await withWorkerLogin { _ in
            var portal = try await site.portal()
            var app = try await site.app()
            let first = try await app.enroll("alice")
            for _ in 0..<10 { _ = try await app.submit(first, Code.invented(), "accept") }
            let (transaction, code) = try await portal.issued()
            #expect(try await app.submit(first, code, "accept").reason == "locked_out")
            var owner = try await Database.current.connect()
            for device in ["phone", "another"] {
                let again = try await app.enroll("alice", device)
                #expect(again != first)
                #expect(try await app.submit(again, code, "accept").reason == "locked_out")
                let revoking = Statement("revoke", "SELECT countersign.revoke_enrollment($1)")
                try await owner.run(revoking, [.identifier(again)])
            }
            let last = try await app.enroll("alice")
            #expect(try await app.submit(last, code, "accept").reason == "locked_out")
            let other = try await app.enroll("bob")
            #expect(try await app.submit(other, code, "accept").result == "accepted")
            #expect(try await portal.status(transaction) == "authenticated")
        }
    }
}
