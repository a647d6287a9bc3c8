import Administration
import Countersign
import Engine
import OpenPGP
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

    /// Of users, their devices and their requests, as text.
    private func kept() async throws -> String {
        var owner = try await Database.current.connect()
        return try await owner.execute(
            """
            SELECT concat_ws(' ', (SELECT string_agg(e::text || countersign.event_details(e), ' ') FROM countersign.events e),
                             (SELECT string_agg(n::text, ' ') FROM countersign.enrollments n),
                             (SELECT string_agg(r::text, ' ') FROM countersign.auth_requests r))
            """)[0].text(0)
    }

    private func close() async throws {
        var owner = try await Database.current.connect()
        try await owner.execute(
            """
            SELECT pg_sleep(0.002);
            UPDATE countersign.event_closing SET until = date_trunc('milliseconds', clock_timestamp()),
                horizon = pg_current_xact_id()
            """)
        try await eventually("the span is closed") {
            try await owner.run(CloseEvents()).one() != nil
        }
    }

    private func problems() async throws -> [String] {
        var owner = try await Database.current.connect()
        return try await EventChain.verify(&owner).problems.map(\.sentence)
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

    /// One that has said everything of the visitor, and that this device has scanned.
    private func scanned(
        by device: Identifier, _ portal: inout Connection, _ app: inout Connection
    ) async throws -> Identifier {
        let id = try await portal.execute(
            """
            INSERT INTO countersign.auth_requests (auth_type, ip_address, user_agent, reference)
            VALUES ('qr-code', '192.0.2.7', 'Browser of a visitor', 'cart-7') RETURNING transaction_id
            """)[0].identifier(0)
        let code = try await portal.code(id)
        #expect(try await app.submit(device, code, "scan").reason == nil)
        return id
    }

    private func expectNothingOfAlice() async throws {
        let left = try await kept()
        for trace in ["alice", "192.0.2.7", "Browser of a visitor", "cart-7"] {
            #expect(!left.contains(trace), "\(trace)")
        }
    }

    /// Nobody has answered it, so that its end names nobody.
    @Test func `a sign-in that was only scanned is erased, and ends if it was open`() async throws {
        let site = try await Site.make()
        try await withWorkerLogin(stages: [.enroll, .issue, .validate]) { _ in
            var portal = try await site.portal()
            var app = try await site.app()
            let alice = try await app.enroll("alice")
            let ended = try await scanned(by: alice, &portal, &app)
            #expect(try await portal.cancel(ended))
            let open = try await scanned(by: alice, &portal, &app)
            try await close()
            try await erase(site)
            #expect(try await portal.status(open) == "failed")
            try await expectNothingOfAlice()
            try await close()
            #expect(try await problems() == [])
        }
    }

    /// A portal keeps a row of its own for as long as it likes.
    @Test(arguments: [true, false])
    func `what somebody holds is passed over, and erased when it is typed again`(isByName: Bool) async throws
    {
        let site = try await Site.make()
        try await withWorkerLogin(stages: [.enroll, .issue, .validate]) { _ in
            var portal = try await site.portal()
            var app = try await site.app()
            let alice = try await app.enroll("alice")
            let id = try await scanned(by: alice, &portal, &app)
            var holder = try await Database.current.connect()
            try await holder.execute(
                """
                INSERT INTO countersign.known_browsers (used_at, portal_id, app_id, user_id, browser_id)
                VALUES (now(), \(site.portalID), \(site.appID), 'alice', 'digest')
                """)
            try await holder.execute("BEGIN")
            try await holder.execute("SELECT user_id FROM countersign.known_browsers FOR UPDATE")
            try await portal.execute("BEGIN")
            try await portal.execute("SELECT countersign.cancel_request('\(id)')")
            let said = try await act("user erase", "acme-app", "alice")
            #expect(said.contains("1 revoked of 1 enrollments"))
            #expect(said.contains("left: 1 requests and 1 known browsers"))
            try await portal.execute("COMMIT")
            try await holder.execute("COMMIT")
            let pseudonym = try #require(said.firstMatch(of: /erased-[0-9a-f]{32}/).map { String($0.output) })
            let again = try await act("user erase", "acme-app", isByName ? "alice" : pseudonym)
            #expect(again.contains("0 revoked of 0 enrollments; 1 requests, 1 events"))
            #expect(!again.contains("left:"))
            try await expectNothingOfAlice()
            let browsers = try await Database.current.count("SELECT count(*) FROM countersign.known_browsers")
            #expect(browsers == (isByName ? 0 : 1))
            await #expect(throws: AdministrationError.self) {
                try await act("user erase", "acme-app", isByName ? "alice" : pseudonym)
            }
            try await close()
            #expect(try await problems() == [])
        }
    }

    /// With a second device that is held, of which there is an event more.
    @Test(arguments: [true, false])
    func `nothing names the devices any more, and the trail is whole`(keepsEvidence: Bool) async throws {
        let site = try await Site.make(signed: true)
        try await Database.current.arrange(
            """
            UPDATE countersign.settings SET evidence_kept_after_erasure = \(keepsEvidence);
            UPDATE countersign.apps SET enrollment_hold = 3600
            """)
        try await withWorkerLogin(stages: [.enroll, .issue, .validate]) { _ in
            var portal = try await site.portal()
            var app = try await site.app()
            let phone = try await SQLPhone.enroll("alice", on: "phone-of-alice", &app)
            _ = try await SQLPhone.enroll("alice", on: "tablet-of-alice", &app)
            let (_, code) = try await portal.issued()
            #expect(try await phone.send(.accept, code, &app).result == "accepted")
            try await close()
            #expect(try await kept().contains("tablet-of-alice"))
            try await erase(site)
            let left = try await kept()
            #expect(!left.contains("alice"))
            #expect(left.uppercased().contains(phone.keys.fingerprint.uppercased()) == keepsEvidence)
            try await close()
            #expect(try await problems() == [])
        }
    }
}
