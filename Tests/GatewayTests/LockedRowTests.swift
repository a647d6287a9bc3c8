import Countersign
import Foundation
import Gateway
import Postgres
import Support
import Synchronization
import Testing

/// A portal that holds its own rows by SQL and asks for them over HTTP.
@Suite(.database) struct LockedRowTests {
    /// Everything of the other portal and of its app's user goes through while the lock is held and more cancellations
    /// than there are connections are under way all the time.
    @Test func `it holds up no other portal`() async throws {
        let (holder, other) = (try await GatewaySite.make("holder"), try await GatewaySite.make("other"))
        let issuer = try TokenIssuer()
        try await withSite(holder, { $0.tokens = issuer.rules(app: other.app) }) { http in
            var ids: [String] = []
            for _ in 0..<8 { ids.append(try await startSignIn(holder, http).0) }
            var session = try await Database.current.connect(as: holder.login)
            try await session.execute("BEGIN")
            for id in ids { try await session.execute("SELECT countersign.cancel_request('\(id)')") }

            let end = End()
            let cancels = (ids + ids).map { id in
                Task {
                    var statuses: Set<Int> = []
                    while !end.hasCome {
                        statuses.insert(try await cancel(holder, http, id).status)
                    }
                    return statuses
                }
            }
            try await Database.current.waitForBlockedSession(of: "countersign gateway")
            try await signInAndCancel(other, http, issuer)
            end.come()
            for cancel in cancels { let seen = try await cancel.value; #expect(seen == [503], "\(seen)") }

            let refused = try await cancel(holder, http, ids[0])
            #expect(refused.header("Retry-After") == "1")
            #expect(try refused.json()["error"] as? String == "temporarily_unavailable")
            #expect(try refused.json()["error_description"] as? String == held)
            try await session.execute("ROLLBACK")
            #expect(try await cancel(holder, http, ids[0]).status == 204)
        }
    }

    /// It has seen its sign-in before the gateway has stored the token of its page.
    @Test func `who makes a page's token by SQL is told so, and other pages get theirs`() async throws {
        let (holder, other) = (try await GatewaySite.make("holder"), try await GatewaySite.make("other"))
        for site in [holder, other] { try await PageSite.allow(PageSite.origin, of: site.portal) }
        try await withGateway(holder) { http in
            let starts = [holder, other].map { site in Task { try await startAnswer(site, http) } }
            try await Database.current.wait(until: "SELECT count(*) FROM countersign.auth_requests", is: 2)
            var session = try await Database.current.connect(as: holder.login)
            try await session.execute(
                "BEGIN; SELECT countersign.browser_token(transaction_id) FROM countersign.auth_results")
            let answers = try await withWorker(stages: [.issue]) { _ in
                [try await starts[0].value, try await starts[1].value]
            }
            #expect(answers.map(\.status) == [503, 200])
            #expect(try answers[0].json()["error"] as? String == "1002")
            #expect(try answers[1].json()["browser_token"] is String)
            try await session.execute("ROLLBACK")
            // Nobody has learnt its id, and it does not count as open until its time is over.
            let status = try await session.execute("SELECT status FROM countersign.auth_results")[0].text(0)
            #expect(status == "cancelled")
        }
    }

    private final class End: Sendable {
        private let state = Mutex(false)
        var hasCome: Bool { state.withLock(\.self) }
        func come() { state.withLock { $0 = true } }
    }

    private let held = "another transaction holds what this would change; try again when it has ended"

    private func cancel(_ site: GatewaySite, _ http: RawHTTP, _ id: String) async throws -> RawHTTP.Answer {
        let path = "/oauth/api/v4/authenticate/transaction/\(id)"
        return try await http.send(request("DELETE", path, ["Authorization": site.basic]))
    }

    private func signInAndCancel(_ site: GatewaySite, _ http: RawHTTP, _ issuer: TokenIssuer) async throws {
        let phone = try HTTPPhone(http: http, token: try issuer.token())
        let enrollment = try await phone.enrolled()
        for _ in 0..<3 {
            let (id, otp) = try await startSignIn(site, http)
            #expect(try await phone.submit(enrollment, otp, .accept).status == 200)
            #expect(try await signInResult(site, http, id)["status"] as? String == "authenticated")
            let (unused, _) = try await startSignIn(site, http)
            #expect(try await cancel(site, http, unused).status == 204)
        }
    }
}
