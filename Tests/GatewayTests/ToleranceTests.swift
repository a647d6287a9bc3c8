import Administration
import Foundation
import Postgres
import Support
import Testing

/// What portals that were written for Access send, and what this server must take.
@Suite(.database) struct ToleranceTests {
    private let path = "/oauth/api/v4/authenticate/user"

    private func start(_ site: GatewaySite, _ http: RawHTTP, _ more: String, path: String? = nil) async throws
        -> RawHTTP.Answer
    {
        let callback = GatewaySite.callback.replacing(":", with: "%3A")
        return try await http.send(
            request(
                "POST", path ?? self.path,
                ["Authorization": site.basic, "Content-Type": "application/x-www-form-urlencoded"],
                body: "type=otp&callback_uri=\(callback)\(more)"))
    }

    @Test(arguments: [
        "&ip_address=203.0.113.7%3A51008", "&ip_address=203.0.113.7%2C+10.0.0.1", "&ip_address=unknown",
        "&ip_address=2001:db8::1%25eth0", "&language_code=nl-NL", "&language_code=nl_NL",
        "&language_code=en-US,en;q%3D0.9", "&language_code=klingon", "&user_agent=Mozilla/5.0+Espa%F1a",
        "&user_agent=\(String(repeating: "M", count: 2_000))", "&user_agent=a%0Ab%E2%80%AEc",
    ])
    func `no context refuses a sign-in`(context: String) async throws {
        let site = try await GatewaySite.make()
        try await withSite(site) { http in
            let answer = try await start(site, http, context)
            #expect(answer.status == 200)
        }
    }

    @Test func `a slash at the end, and credentials in the query of what has no body`() async throws {
        let site = try await GatewaySite.make()
        try await withSite(site) { http in
            let started = try await start(site, http, "", path: path + "/")
            #expect(started.status == 200)
            let (id, secret) = (site.credential.clientID, site.credential.secret)
            let query = "client_id=\(id)&client_secret=\(secret)"
            for more in ["?\(query)", "/?\(query)"] {
                #expect(try await http.send(request("GET", "\(path)/bob/enabled\(more)")).status == 200)
            }
            let wrong = "\(path)/bob/enabled?client_id=\(id)&client_secret=wrong"
            #expect(try await http.send(request("GET", wrong)).status == 401)
            #expect(LogCapture.current.lines.allSatisfy { !$0.contains(secret) })
        }
    }

    @Test func `a client id may be 64 hexadecimal digits`() async throws {
        let site = try await GatewaySite.make()
        let id = String(repeating: "0123456789abcdef", count: 4)
        try await Database.current.arrange(
            "UPDATE countersign.portal_credentials SET client_id = '\(id)'")
        try await withGateway(site) { http in
            let basic = "Basic " + base64("\(id):\(site.credential.secret)")
            let answer = try await http.send(
                request("GET", "\(path)/bob/enabled", ["Authorization": basic]))
            #expect(answer.status == 200)
        }
    }

    @Test func `an open request has no reason for its failure`() async throws {
        let site = try await GatewaySite.make()
        try await withSite(site) { http in
            let id = try #require(try await start(site, http, "").json()["transaction_id"] as? String)
            let get = request(
                "GET", "/oauth/api/v4/authenticate/transaction/\(id)", ["Authorization": site.basic])
            let open = try await http.send(get).json()
            #expect(open["is_authenticated"] as? Bool == false && open["not_authenticated_reason"] == nil)
            try await Database.current.makeDue(id)
            let ended = try await http.send(
                request(
                    "GET", "/oauth/api/v4/authenticate/transaction/\(id)?wait=20",
                    ["Authorization": site.basic]))
            #expect(
                (try ended.json()["not_authenticated_reason"] as? [String: String])?["reason"] == "expired")
        }
    }
}
