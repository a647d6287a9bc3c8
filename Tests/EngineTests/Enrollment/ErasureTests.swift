import Administration
import Countersign
import Engine
import Postgres
import Support
import Testing

/// What is left of an erased user, of all that workers have written.
@Suite(.database) struct ErasureTests {
    private func erase(_ site: Site) async throws {
        try await Database.current.arrange("SELECT countersign.erase_user(\(site.appID), 'alice', 100)")
    }

    private func requests(_ condition: String) async throws -> Int {
        try await Database.current.count("SELECT count(*) FROM countersign.auth_requests WHERE \(condition)")
    }

    /// A refusal names the request that was claimed.
    @Test func `a sign-in of somebody else is left alone, though the user has claimed it`() async throws {
        let site = try await Site.make()
        try await withWorkerLogin(stages: [.enroll, .issue, .validate]) { _ in
            var portal = try await site.portal()
            var app = try await site.app()
            let alice = try await app.enroll("alice", "phone-of-alice")
            let bob = try await app.enroll("bob", "phone-of-bob")
            let others = try await portal.issued()
            let scanned = try await portal.issued()
            let own = try await portal.issued()
            #expect(try await app.submit(bob, others.code, "accept").reason == nil)
            #expect(try await app.submit(alice, others.code, "accept").reason == "already_used")
            #expect(try await app.submit(alice, scanned.code, "scan").reason == nil)
            #expect(try await portal.cancel(scanned.transaction))
            #expect(try await app.submit(alice, own.code, "accept").reason == nil)
            try await erase(site)
            let left = "user_id = 'bob' AND device_id = 'phone-of-bob' AND reference IS NOT NULL"
            #expect(try await requests(left) == 1)
            let erased = "user_id ~ '^erased-' AND device_id IS NULL AND reference IS NULL"
            #expect(try await requests(erased) == 2)
        }
    }

    @Test func `another app's user of the same name is somebody else`() async throws {
        let (site, other) = (try await Site.make(), try await Site.make("globex"))
        try await withWorkerLogin(stages: [.enroll, .issue, .validate]) { _ in
            var portal = try await site.portal()
            var app = try await site.app()
            var otherApp = try await other.app()
            let alice = try await app.enroll("alice", "phone")
            let namesake = try await otherApp.enroll("alice", "tablet")
            let (_, code) = try await portal.issued()
            #expect(try await otherApp.submit(namesake, code, "accept").reason == nil)
            #expect(try await app.submit(alice, code, "accept").reason == "already_used")
            var owner = try await Database.current.connect()
            let user = try await AppUser.read("alice", of: "acme-app", &owner)
            #expect(user.requests.isEmpty && !user.events.isEmpty)
            try await erase(site)
            #expect(try await requests("user_id = 'alice' AND device_id = 'tablet'") == 1)
        }
    }
}
