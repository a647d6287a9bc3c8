import Administration
import Countersign
import Foundation
import Gateway
import Postgres
import Support
import Testing

/// Who is a portal, over HTTP.
@Suite(.database) struct CredentialTests {
    private let path = "/oauth/api/v4/authenticate/user/bob/enabled"

    private func status(_ http: RawHTTP, _ client: String, _ secret: String) async throws -> Int {
        let header = "Basic " + base64("\(client):\(secret)")
        return try await http.send(request("GET", path, ["Authorization": header])).status
    }

    @Test func `a form may carry the credentials`() async throws {
        let site = try await GatewaySite.make()
        try await withSite(site) { http in
            let form =
                "type=otp&callback_uri=https%3A%2F%2Fwww.myportal.com%2Fcallback"
                + "&client_id=\(site.credential.clientID)&client_secret="
            let headers = ["Content-Type": "application/x-www-form-urlencoded; charset=UTF-8"]
            for (secret, status) in [(site.credential.secret, 200), ("wrong", 401), ("", 401)] {
                let answer = try await http.send(
                    request("POST", "/oauth/api/v4/authenticate/user", headers, body: form + secret))
                #expect(answer.status == status)
            }
        }
    }

    @Test func `a rotated secret is out within seconds, and the new one is in`() async throws {
        let site = try await GatewaySite.make()
        var owner = try await Database.current.connect()
        try await withGateway(site) { http in
            let client = site.credential.clientID
            #expect(try await status(http, client, site.credential.secret) == 200)
            let new = try await PortalCredential.rotate(portal: site.portal, clientID: client, &owner)
            try await eventually("the old one is refused") {
                try await status(http, client, site.credential.secret) == 401
            }
            #expect(try await status(http, client, new.secret) == 200)
            try await PortalCredential.remove(portal: site.portal, clientID: client, &owner)
            try await eventually("it is removed") { try await status(http, client, new.secret) == 401 }
        }
    }

    @Test func `one portal does not see another's requests`() async throws {
        let (one, other) = (try await GatewaySite.make("acme"), try await GatewaySite.make("other"))
        try await withSite(one) { http in
            let (id, _) = try await startSignIn(one, http)
            #expect(try await signInResult(other, http, id)["error"] as? String == "3004")
            let path = "/oauth/api/v4/authenticate/transaction/\(id)"
            let theirs = try await http.send(request("DELETE", path, ["Authorization": other.basic]))
            #expect(theirs.status == 404)
            let own = try await http.send(request("DELETE", path, ["Authorization": one.basic]))
            #expect(own.status == 204)
            #expect(try await signInResult(one, http, id)["status"] as? String == "cancelled")
        }
    }

    @Test func `the gateway's login reads no hash but by its client id`() async throws {
        let site = try await GatewaySite.make()
        var gateway = try await Database.current.connect(as: site.gateway)
        await #expect(throws: PostgresError.self) {
            try await gateway.execute("SELECT secret_hash FROM countersign.portal_credentials")
        }
    }

    @Test func `a flood of wrong secrets is held back, and who is known gets through`() async throws {
        let site = try await GatewaySite.make()
        try await withGateway(site) { http in
            #expect(try await status(http, site.credential.clientID, site.credential.secret) == 200)
            let statuses = try await withThrowingTaskGroup(of: Int.self) { group in
                for number in 0..<40 {
                    // An unknown client id costs as much as a wrong secret; the site's own hash is a cheap one.
                    group.addTask { try await status(http, "nobody", "wrong \(number)") }
                }
                #expect(try await status(http, site.credential.clientID, site.credential.secret) == 200)
                return try await group.reduce(into: [Int: Int]()) { $0[$1, default: 0] += 1 }
            }
            #expect(Set(statuses.keys) == [401, 429])
        }
    }

    @Test(arguments: ["", "Basic", "Basic !!!", "Basic bm9jb2xvbg==", "Bearer abc", "Basic Og=="])
    func `a header that cannot be read is refused`(header: String) async throws {
        let site = try await GatewaySite.make()
        try await withGateway(site) { http in
            let answer = try await http.send(request("GET", path, ["Authorization": header]))
            #expect(answer.status == 401)
        }
    }
}

@Suite struct SecretHashTests {
    @Test func `it fits its secret and no other`() throws {
        let hash = try SecretHash(of: "hush")
        let read = try #require(SecretHash(hash.text))
        #expect(read.fits("hush") && !read.fits("hush ") && !read.fits(""))
        #expect(try SecretHash(of: "hush").text != hash.text)
        #expect(!hash.text.contains("hush"))
    }

    @Test(arguments: ["", "scrypt$15,8,1$AA==", "scrypt$30,8,1$AAAA$AAAA", "md5$15,8,1$AAAA$AAAA"])
    func `what is none is not read`(text: String) {
        #expect(SecretHash(text) == nil)
    }
}
