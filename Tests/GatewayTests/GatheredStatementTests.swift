import Countersign
import Foundation
import Postgres
import Support
import Testing

@testable import Gateway

/// What the gateway asks for many callers at once: each gets what is his.
@Suite(.database) struct GatheredStatementTests {
    private func call(_ site: GatewaySite, _ type: String = "otp") -> SignIns.PortalDraft {
        SignIns.PortalDraft(
            portal: site.portal, draft: SignIns.Draft(type: type, callbackURI: GatewaySite.callback))
    }

    private func starts(
        _ calls: [SignIns.PortalDraft], _ gateway: inout Connection
    ) async throws -> [Int: Identifier] {
        let made = try await gateway.run(StartRequests(calls: calls)).all()
        return Dictionary(uniqueKeysWithValues: made.map { ($0.place, $0.made.transactionID) })
    }

    @Test func `requests of several portals are each portal's own`() async throws {
        let (one, other) = (try await GatewaySite.make("one"), try await GatewaySite.make("other"))
        var gateway = try await Database.current.connect(as: one.gateway)
        var nobody = call(one)
        nobody.portal = "nobody"
        let made = try await starts([call(one), nobody, call(other), call(one)], &gateway)
        #expect(Set(made.keys) == [1, 3, 4])
        for (place, site) in [(1, one), (3, other), (4, one)] {
            var portal = try await Database.current.connect(as: site.login)
            let own = try await portal.execute("SELECT transaction_id FROM countersign.auth_results").map {
                try $0.identifier(0)
            }
            #expect(own.contains(try #require(made[place])))
            #expect(own.count == (site.portal == "one" ? 2 : 1))
        }
    }

    @Test(arguments: [("nothing", "CS002"), ("bare", "CS004")])
    func `one that is wrong refuses all, and stores nothing`(type: String, code: String) async throws {
        let (one, other) = (try await GatewaySite.make("one"), try await GatewaySite.make("other"))
        var gateway = try await Database.current.connect(as: one.gateway)
        do {
            _ = try await starts([call(one), call(other, type), call(one)], &gateway)
            Issue.record("it was taken")
        } catch let error as PostgresError {
            #expect(error.state.rawValue == code)
        }
        var owner = try await Database.current.connect()
        #expect(try await owner.execute("SELECT FROM countersign.auth_requests").isEmpty)
    }

    /// One that another session is collecting is not waited for, one that has ended is not handed out, and nobody gets
    /// another's.
    @Test func `codes are handed out once, to whom they belong`() async throws {
        let (one, other) = (try await GatewaySite.make("one"), try await GatewaySite.make("other"))
        var gateway = try await Database.current.connect(as: one.gateway)
        let ids = try await withWorker { _ in
            let made = try await starts([call(one), call(one), call(one), call(other)], &gateway)
            let ids = try (1...4).map { try #require(made[$0]) }
            for id in ids {
                try await Database.current.wait(
                    until: "SELECT count(*) FROM countersign.otp_secrets WHERE transaction_id = '\(id)'",
                    is: 1)
            }
            return ids
        }
        var holder = try await Database.current.connect(as: one.login)
        try await holder.execute("BEGIN; SELECT countersign.collect_otp('\(ids[0])')")
        try await Database.current.makeDue(ids[1])
        func collect(_ portal: String) async throws -> [Identifier: String] {
            let calls = ids.map { (portal: portal, id: $0) }
            return Dictionary(
                uniqueKeysWithValues: try await gateway.run(CollectCodes(calls: calls)).all())
        }
        #expect(try await Set(collect("other").keys) == [ids[3]])
        let codes = try await collect("one")
        #expect(Set(codes.keys) == [ids[2]] && codes[ids[2]]?.utf8.count == 64)
        try await holder.execute("ROLLBACK")
        #expect(try await Set(collect("one").keys) == [ids[0]])
        #expect(try await collect("one").isEmpty)
    }

    @Test func `answers are taken of a user's own devices, and told to his app alone`() async throws {
        let (site, other) = (try await GatewaySite.make("one"), try await GatewaySite.make("other"))
        var gateway = try await Database.current.connect(as: site.gateway)
        try await Database.current.arrange("UPDATE countersign.settings SET signature_required = false")
        let draft = Devices.Draft(
            user_id: nil, device_id: "phone", device_name: nil, platform: nil, public_key: nil)
        let enrolling = EnrollDevice(draft: draft, user: "alice")
        let enrollment = try await gateway.pipeline(after: [Step(NameApp(name: site.app))], enrolling).results
            .one()
        let answer = Devices.Answer(
            enrollment_id: enrollment.description, otp: String(repeating: "A", count: 64), action: "scan",
            signed_at: nil, prompt_digest: nil, signature: nil)
        func call(_ user: String, _ id: Identifier) -> Devices.UserAnswer {
            let device = Devices.Witness(address: "203.0.113.7", agent: "Acme/1.0")
            return Devices.UserAnswer(user: user, enrollment: id, answer: answer, device: device)
        }
        let calls = [call("mallory", enrollment), call("alice", enrollment), call("alice", .random())]
        let made = try await gateway.run(SubmitAnswers(app: site.app, calls: calls)).all()
        #expect(made.map(\.place) == [2])
        let id = try #require(made.first?.id)
        #expect(try await gateway.run(SubmitAnswers(app: other.app, calls: calls)).all().isEmpty)

        #expect(try await gateway.run(FindOutcomes(app: site.app, ids: [id])).all().isEmpty, "not judged yet")
        try await withWorker { _ in
            try await Database.current.wait(
                until: "SELECT count(*) FROM countersign.submissions WHERE status = 'rejected'", is: 1)
        }
        let outcomes = try await gateway.run(FindOutcomes(app: site.app, ids: [.random(), id])).all()
        #expect(outcomes.map(\.submission_id) == [id.description] && outcomes[0].result == "rejected")
        #expect(try await gateway.run(FindOutcomes(app: other.app, ids: [id])).all().isEmpty)
    }

    /// Many at once, some of them wrong: each gets what it would have got alone.
    @Test func `callers at the same time over HTTP`() async throws {
        let (one, other) = (try await GatewaySite.make("one"), try await GatewaySite.make("other"))
        try await withSite(one) { http in
            let statuses = try await withThrowingTaskGroup(of: (Int, Int).self) { group in
                for number in 0..<40 {
                    group.addTask {
                        let (site, isWrong) = (number % 2 == 0 ? one : other, number % 10 == 3)
                        let form = "type=\(isWrong ? "nothing" : "otp")&callback_uri=\(GatewaySite.callback)"
                        let headers = [
                            "Authorization": site.basic, "Content-Type": "application/x-www-form-urlencoded",
                        ]
                        let path = "/oauth/api/v4/authenticate/user"
                        let answer = try await http.send(request("POST", path, headers, body: form))
                        guard answer.status == 200 else { return (number, answer.status) }
                        let id = try #require(try answer.json()["transaction_id"] as? String)
                        let strange = try await signInResult(number % 2 == 0 ? other : one, http, id)
                        #expect(strange["error"] as? String == "3004")
                        #expect(try await signInResult(site, http, id)["status"] as? String == "issued")
                        return (number, 200)
                    }
                }
                return try await group.reduce(into: [Int: Int]()) { $0[$1.0] = $1.1 }
            }
            for number in 0..<40 { #expect(statuses[number] == (number % 10 == 3 ? 404 : 200)) }
        }
    }
}
