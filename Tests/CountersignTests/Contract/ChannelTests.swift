import Countersign
import Postgres
import Support
import Testing

/// What portals and apps hear: `<status> <id>[,<id>...]` on a channel of their own.
@Suite(.database) struct ChannelTests {
    private func listen(_ session: inout Connection, _ function: String) async throws {
        let channel = try await session.execute("SELECT countersign.\(function)()")[0].text(0)
        #expect(channel.wholeMatch(of: /cs_[0-9a-f]{32}/) != nil)
        try await session.listen(to: [channel])
    }

    /// Everything up to and with the payload.
    private func hear(
        until payload: String, _ session: inout Connection, sourceLocation: SourceLocation = #_sourceLocation
    ) async throws -> [String] {
        let deadline = ContinuousClock.now + .seconds(10)
        var heard: [String] = []
        while !heard.contains(payload), ContinuousClock.now < deadline {
            heard += try await session.notifications(until: deadline).map(\.payload)
        }
        #expect(heard.contains(payload), "\(heard)", sourceLocation: sourceLocation)
        return heard
    }

    @Test func `the portal hears each step of its own requests, and nobody else's`() async throws {
        let one = try await Site.make("acme")
        let other = try await Site.make("other")
        try await withWorkerLogin { _ in
            var portal = try await one.portal()
            var bystander = try await other.portal()
            try await listen(&portal, "portal_channel")
            try await listen(&bystander, "portal_channel")
            var app = try await one.app()
            let enrollment = try await app.enroll("alice")
            let (id, code) = try await portal.issued()
            var heard = try await hear(until: "issued \(id)", &portal)
            _ = try await app.submit(enrollment, code, "scan")
            heard += try await hear(until: "scanned \(id)", &portal)
            _ = try await app.submit(enrollment, code, "accept")
            heard += try await hear(until: "authenticated \(id)", &portal)
            #expect(heard == ["issued \(id)", "scanned \(id)", "authenticated \(id)"])

            let (denied, second) = try await portal.issued()
            _ = try await app.submit(enrollment, second, "deny")
            let cancelled = try await portal.request()
            try await portal.waitUntilIssued(cancelled)
            _ = try await portal.cancel(cancelled)
            let expired = try await portal.request()
            try await portal.waitUntilIssued(expired)
            try await Database.current.makeDue(expired)
            heard = try await hear(until: "expired \(expired)", &portal)
            #expect(heard.contains("denied \(denied)") && heard.contains("cancelled \(cancelled)"))

            let own = try await bystander.request()
            #expect(try await hear(until: "issued \(own)", &bystander) == ["issued \(own)"])
        }
    }

    @Test func `the app hears of its enrollments and submissions, and nobody else's`() async throws {
        let one = try await Site.make("acme")
        let other = try await Site.make("other")
        try await withWorkerLogin { _ in
            var app = try await one.app()
            var bystander = try await other.app()
            try await listen(&bystander, "app_channel")
            try await listen(&app, "app_channel")
            let enrollment = try await app.run(SQL.enroll, ["alice", "phone"])[0].identifier(0)
            #expect(try await hear(until: "active \(enrollment)", &app) == ["active \(enrollment)"])
            var portal = try await one.portal()
            let code = try await portal.issued().code
            for (otp, result) in [(code, "accepted"), (Code.invented(), "rejected"), ("x", "rejected")] {
                let values: [Parameter] = [.identifier(enrollment), .text(otp), "scan"]
                let id = try await app.run(SQL.submit, values)[0].identifier(0)
                #expect(try await hear(until: "\(result) \(id)", &app) == ["\(result) \(id)"])
            }
            let own = try await bystander.run(SQL.enroll, ["bob", "phone"])[0].identifier(0)
            #expect(try await hear(until: "active \(own)", &bystander) == ["active \(own)"])
        }
    }

    /// NOTIFY allows 8,000 bytes; 200 ids are 7,400.
    @Test func `at most 200 ids are told at once, and all of them`() async throws {
        let site = try await Site.make()
        try await withWorkerLogin { _ in
            var portal = try await site.portal()
            try await listen(&portal, "portal_channel")
            let rows = try await portal.execute(
                """
                INSERT INTO countersign.auth_requests (auth_type, callback_uri)
                SELECT 'qr-code', '\(Site.callback)' FROM generate_series(1, 950) RETURNING transaction_id
                """)
            let ids = Set(try rows.map { try $0.identifier(0).description })
            var (heard, payloads): (Set<String>, [String]) = ([], [])
            let deadline = ContinuousClock.now + .seconds(10)
            while heard.count < 950, ContinuousClock.now < deadline {
                for payload in try await portal.notifications(until: deadline).map(\.payload) {
                    payloads.append(payload)
                    heard.formUnion(payload.dropFirst("issued ".count).split(separator: ",").map(String.init))
                }
            }
            #expect(heard == ids)
            #expect(
                payloads.allSatisfy {
                    $0.wholeMatch(of: /issued [0-9a-f-]{36}(,[0-9a-f-]{36}){0,199}/) != nil
                })
            #expect(payloads.count < 40)
        }
    }

    @Test func `nor are more ids told to an app`() async throws {
        let site = try await Site.make()
        var app = try await site.app()
        let rows = try await app.execute(
            """
            INSERT INTO countersign.submissions (enrollment_id, otp, action)
            SELECT gen_random_uuid(), '\(Code.invented())', 'scan' FROM generate_series(1, 450)
            RETURNING submission_id
            """)
        let ids = Set(try rows.map { try $0.identifier(0).description })
        try await listen(&app, "app_channel")
        try await withWorkerLogin { _ in
            var (heard, payloads): (Set<String>, [String]) = ([], [])
            let deadline = ContinuousClock.now + .seconds(10)
            while heard.count < 450, ContinuousClock.now < deadline {
                for payload in try await app.notifications(until: deadline).map(\.payload) {
                    payloads.append(payload)
                    heard.formUnion(
                        payload.dropFirst("rejected ".count).split(separator: ",").map(String.init))
                }
            }
            #expect(heard == ids)
            #expect(
                payloads.allSatisfy {
                    $0.wholeMatch(of: /rejected [0-9a-f-]{36}(,[0-9a-f-]{36}){0,199}/) != nil
                })
            #expect(payloads.count < 20)
        }
    }

    @Test func `nothing is told that is rolled back`() async throws {
        let site = try await Site.make()
        var portal = try await site.portal()
        try await listen(&portal, "portal_channel")
        let first = try await portal.request()
        let second = try await portal.request()
        try await portal.execute("BEGIN")
        #expect(try await portal.cancel(first))
        try await portal.execute("ROLLBACK")
        #expect(try await portal.cancel(second))
        #expect(try await hear(until: "cancelled \(second)", &portal) == ["cancelled \(second)"])
    }

    @Test func `channels cannot be guessed or looked up`() async throws {
        let one = try await Site.make("acme")
        let other = try await Site.make("other")
        var channels: Set<String> = []
        for site in [one, other] {
            var portal = try await site.portal()
            var app = try await site.app()
            channels.insert(try await portal.execute("SELECT countersign.portal_channel()")[0].text(0))
            channels.insert(try await app.execute("SELECT countersign.app_channel()")[0].text(0))
            for sql in ["SELECT channel FROM countersign.portals", "SELECT channel FROM countersign.apps"] {
                #expect(try await portal.refusal(of: sql)?.state == noPrivilege)
                #expect(try await app.refusal(of: sql)?.state == noPrivilege)
            }
        }
        #expect(channels.count == 4)
    }
}
