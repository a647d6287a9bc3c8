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

    @Test func `enrolling again keeps the lock and the wrong codes`() async throws {
        let site = try await Site.make()
        try await withWorkerLogin { _ in
            var portal = try await site.portal()
            var app = try await site.app()
            let first = try await app.enroll("alice")
            for _ in 0..<10 { _ = try await app.submit(first, Code.invented(), "accept") }
            let (transaction, code) = try await portal.issued()
            #expect(try await app.submit(first, code, "accept").reason == "locked_out")
            let again = try await app.enroll("alice")
            #expect(again != first)
            #expect(try await app.submit(again, code, "accept").reason == "locked_out")
            #expect(try await portal.status(transaction) == "issued")
        }
    }
}
