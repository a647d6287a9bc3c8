import Administration
import Countersign
import Foundation
import Postgres
import Support
import Testing

@testable import Gateway

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

    /// Whoever guesses is told to wait. The right secret is never asked for that, from the same address neither, nor is
    /// one that was made while somebody guesses.
    @Test func `guessing holds up nobody, not even a new credential`() async throws {
        let site = try await GatewaySite.make()
        let client = site.credential.clientID
        var owner = try await Database.current.connect()
        try await withGateway(site) { http in
            let statuses = try await withThrowingTaskGroup(of: Int.self) { group in
                for number in 0..<40 {
                    group.addTask { try await status(http, client, "wrong \(number)") }
                    group.addTask { try await status(http, "nobody", "wrong \(number)") }
                }
                #expect(try await status(http, client, site.credential.secret) == 200)
                let new = try await PortalCredential.add(portal: site.portal, clientID: "new", &owner)
                #expect(try await status(http, "new", new.secret) == 200)
                return try await group.reduce(into: [Int: Int]()) { $0[$1, default: 0] += 1 }
            }
            #expect(statuses == [401: 20, 429: 60])
            #expect(try await status(http, client, site.credential.secret) == 200)
        }
        try await withGateway(site) { http in
            let afterRestart = try await status(http, client, site.credential.secret)
            #expect(afterRestart == 200)
        }
    }

    /// Each unknown one is looked for in the database: all of them take one connection.
    @Test func `guessing client ids takes one connection at most`() async throws {
        let site = try await GatewaySite.make()
        try await withGateway(site) {
            // On a busy machine it takes longer until all is held than a credential counts that was looked up.
            $0.credentialFreshness = Support.patience
        } _: { http in
            #expect(try await status(http, site.credential.clientID, site.credential.secret) == 200)
            // The look-ups stand still while this is held.
            var owner = try await Database.current.connect()
            try await owner.execute("BEGIN; LOCK TABLE countersign.portal_credentials")
            let guesses = (0..<20).map { number in Task { try await status(http, "guess-\(number)", "x") } }
            try await Database.current.waitForBlockedSession(of: "countersign gateway")
            for _ in 0..<3 {
                #expect(try await status(http, site.credential.clientID, site.credential.secret) == 200)
            }
            // One at most: between two tries there is none.
            #expect(try await Database.current.count(waitingTables) <= 1)
            try await owner.execute("COMMIT")
            for guess in guesses {
                let status = try await guess.value
                #expect([401, 429, 503].contains(status))
            }
        }
    }

    /// All at one moment, as the server's lock table is read and its activity is not.
    private let waitingTables = """
        SELECT count(*) FROM pg_locks
        WHERE relation = 'countersign.portal_credentials'::regclass AND NOT granted
        """

    @Test(arguments: ["", "Basic", "Basic !!!", "Basic bm9jb2xvbg==", "Bearer abc", "Basic Og=="])
    func `a header that cannot be read is refused`(header: String) async throws {
        let site = try await GatewaySite.make()
        try await withGateway(site) { http in
            let answer = try await http.send(request("GET", path, ["Authorization": header]))
            #expect(answer.status == 401)
        }
    }
}

@Suite struct SecretDigestTests {
    @Test func `it fits its secret and no other`() throws {
        let digest = SecretDigest(of: "hush")
        let read = try #require(SecretDigest(digest.text))
        #expect(read == digest && read.fits("hush") && !read.fits("hush ") && !read.fits(""))
        // SHA-256 of "abc", FIPS 180-4.
        #expect(SecretDigest(of: "abc").text == "sha256$ungWv48Bz+pBQUDeXa4iI7ADYaOWF3qctBD/YfIAFa0=")
    }

    @Test(arguments: ["", "sha256$", "sha256$AA==", "scrypt$15,8,1$AAAA$AAAA"])
    func `what is none is not read`(text: String) {
        #expect(SecretDigest(text) == nil)
    }
}
