import Foundation
import Gateway
import HTTPService
import Postgres
import Support
import Testing

/// Waiting for results.
@Suite(.database) struct WaitTests {
    @Test func `a wait ends at the end of the request, whoever brings it about`() async throws {
        let site = try await GatewaySite.make()
        try await withSite(site) { http in
            let (id, _) = try await startSignIn(site, http)
            async let waiting = signInResult(site, http, id, wait: 60)
            let path = "/oauth/api/v4/authenticate/transaction/\(id)"
            let start = ContinuousClock.now
            _ = try await http.send(request("DELETE", path, ["Authorization": site.basic]))
            #expect(try await waiting["status"] as? String == "cancelled")
            #expect(start.duration(to: .now) < .seconds(20))
        }
    }

    @Test func `a wait ends when its time is over`() async throws {
        let site = try await GatewaySite.make()
        try await withSite(site) { http in
            let (id, _) = try await startSignIn(site, http)
            let start = ContinuousClock.now
            #expect(try await signInResult(site, http, id, wait: 1)["status"] as? String == "issued")
            #expect(start.duration(to: .now) >= .seconds(1))
        }
    }

    @Test(arguments: ["61", "-1", "x", "9999999999999999999999"])
    func `a wait that is not allowed`(wait: String) async throws {
        let site = try await GatewaySite.make()
        try await withGateway(site) { http in
            let path = "/oauth/api/v4/authenticate/transaction/\(Identifier.random())?wait=\(wait)"
            let answer = try await http.send(request("GET", path, ["Authorization": site.basic]))
            #expect(answer.status == 400)
            #expect(try answer.json()["error"] as? String == "1003")
        }
    }

    /// Of 16 connections a portal may keep four waiting, and 503 tells nobody that others cannot get in.
    @Test func `a portal that waits too often is refused, and others and its other requests are not`()
        async throws
    {
        let site = try await GatewaySite.make()
        let other = try await GatewaySite.make("globex")
        try await withWorker { _ in
            try await withGateway(site, { $0.http.limits.connections = 16 }) { http in
                let (id, _) = try await startSignIn(site, http)
                let path = "/oauth/api/v4/authenticate/transaction/\(id)"
                let wait = request("GET", "\(path)?wait=60", ["Authorization": site.basic])
                try await withThrowingTaskGroup(of: Int.self) { group in
                    for _ in 0..<5 { group.addTask { try await http.send(wait).status } }
                    #expect(try await group.next() == 429)
                    #expect(try await signInResult(site, http, id)["status"] as? String == "issued")
                    let (theirs, _) = try await startSignIn(other, http)
                    #expect(
                        try await signInResult(other, http, theirs, wait: 1)["status"] as? String == "issued")
                    _ = try await http.send(request("DELETE", path, ["Authorization": site.basic]))
                    var others: [Int] = []
                    for try await status in group { others.append(status) }
                    #expect(others == [200, 200, 200, 200])
                }
            }
        }
    }

    @Test func `a shutdown answers who waits`() async throws {
        let site = try await GatewaySite.make()
        let answer = try await withWorker { _ in
            let (waiting, started) = (Signal(), ContinuousClock.now)
            let task: Task<[String: String], any Error> = try await withGateway(site) { http in
                let (id, _) = try await startSignIn(site, http)
                let path = "/oauth/api/v4/authenticate/transaction/\(id)?wait=60"
                let task = Task {
                    try await http.connected { connection in
                        try await connection.send(request("GET", path, ["Authorization": site.basic]))
                        waiting.fire()
                        let status = try await connection.answer().json()["status"] as? String
                        return ["status": status ?? ""]
                    }
                }
                try await waiting.wait()
                // It has read the result, and waits for another.
                try await Database.current.wait(
                    until: """
                        SELECT least(1, count(*)) FROM pg_stat_activity WHERE datname = current_database()
                        AND application_name = 'countersign gateway' AND query LIKE '%auth_results%'
                        """, is: 1)
                return task
            }
            let answer = try await task.value
            #expect(started.duration(to: .now) < .seconds(40))
            return answer
        }
        #expect(answer == ["status": "issued"])
    }
}
