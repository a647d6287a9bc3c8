import Crypto
import Foundation
import Gateway
import Postgres
import Support
import Testing

/// Tokens that must not be taken. Each asks for the list of the user's enrollments, which needs no worker.
@Suite(.database) struct TokenTests {
    private func status(_ http: RawHTTP, _ authorization: String?) async throws -> RawHTTP.Answer {
        let headers = authorization.map { ["Authorization": $0] } ?? [:]
        return try await http.send(request("GET", "/app/v1/enrollments", headers))
    }

    @Test func `only a genuine token for us is taken`() async throws {
        let site = try await GatewaySite.make()
        let issuer = try TokenIssuer()
        try await withGateway(site, { $0.tokens = issuer.rules(app: site.app) }) { http in
            #expect(try await status(http, "Bearer \(try issuer.token())").status == 200)
            let several = try issuer.token(claims: ["aud": ["other", TokenIssuer.audience]])
            #expect(try await status(http, "Bearer \(several)").status == 200)

            let now = Int(Date().timeIntervalSince1970)
            let none = try issuer.unsigned(header: ["alg": "none"]) + "."
            var bad = [
                "expired": try issuer.token(claims: ["exp": now - 1]),
                "wrong audience": try issuer.token(claims: ["aud": "other"]),
                "wrong issuer": try issuer.token(claims: ["iss": "https://id.example/"]),
                "not yet": try issuer.token(claims: ["nbf": now + 600]),
                "no user": try issuer.token(""),
                "a user too long": try issuer.token(String(repeating: "a", count: 256)),
                "alg none": none,
                "unknown key": try issuer.token(header: ["kid": "two"]),
                "forged": try issuer.token(key: P256.Signing.PrivateKey()),
                "critical": try issuer.token(header: ["crit": ["exp"]]),
                "another algorithm": try issuer.token(header: ["alg": "ES384"]),
                "not a token": "nonsense", "dots": "..",
            ]
            for name in ["exp", "sub", "iss", "aud"] {
                bad["without \(name)"] = try issuer.token(claims: [name: NSNull()])
            }
            for algorithm in ["HS256", "none", "None", "RS256"] {
                let text = try issuer.unsigned(header: ["alg": algorithm])
                bad["\(algorithm) with the public key"] = "\(text).\(base64URL(mac(text, issuer)))"
            }
            for (name, token) in bad {
                let answer = try await status(http, "Bearer \(token)")
                #expect(answer.status == 401, "\(name)")
                #expect(try answer.json()["error"] as? String == "invalid_token", "\(name)")
                #expect(answer.header("WWW-Authenticate")?.contains("invalid_token") == true)
            }
            for header in [nil, "", "Bearer", "Basic YTpi", "Bearer a b"] {
                #expect(try await status(http, header).status == 401)
            }
        }
        let start = try issuer.unsigned().prefix(20)
        #expect(!LogCapture.current.text.contains(start))
    }

    /// HMAC under the public key, which everybody has: in PEM, as a verifier that mixes both up would take it.
    private func mac(_ text: String, _ issuer: TokenIssuer) -> HMAC<SHA256>.MAC {
        let key = SymmetricKey(data: Data(issuer.key.publicKey.pemRepresentation.utf8))
        return HMAC<SHA256>.authenticationCode(for: Data(text.utf8), using: key)
    }

    @Test func `a new key is found when it is first used, and a withdrawn one goes`() async throws {
        let site = try await GatewaySite.make()
        let issuer = try TokenIssuer()
        let next = P256.Signing.PrivateKey()
        try await withGateway(
            site,
            { configuration in
                configuration.tokens = issuer.rules(app: site.app)
                configuration.tokens?.keyLifetime = .seconds(600)
            }
        ) { http in
            #expect(try await status(http, "Bearer \(try issuer.token())").status == 200)
            let token = try issuer.token(header: ["kid": "two"], key: next)
            #expect(try await status(http, "Bearer \(token)").status == 401)
            try issuer.publish(["two": next])
            #expect(try await status(http, "Bearer \(token)").status == 200)
            #expect(try await status(http, "Bearer \(try issuer.token())").status == 401)
            // What is published now cannot be read: what is known stays.
            try Data("nonsense".utf8).write(to: issuer.file)
            #expect(try await status(http, "Bearer \(try issuer.token())").status == 401)
            #expect(try await status(http, "Bearer \(token)").status == 200)
        }
    }

    @Test func `a token that was taken goes with its time, and with its key`() async throws {
        let site = try await GatewaySite.make()
        let issuer = try TokenIssuer()
        try await withGateway(site, { $0.tokens = issuer.rules(app: site.app) }) { http in
            let long = try issuer.token()
            #expect(try await status(http, "Bearer \(long)").status == 200)
            let over = Date(timeIntervalSince1970: (Date().timeIntervalSince1970 + 9).rounded(.down))
            let brief = try issuer.token(claims: ["exp": Int(over.timeIntervalSince1970)])
            for token in [brief, long, brief] {
                #expect(try await status(http, "Bearer \(token)").status == 200)
            }
            try await eventually("its time is over") {
                try await status(http, "Bearer \(brief)").status == 401
            }
            #expect(try await status(http, "Bearer \(long)").status == 200)
            // Whoever comes with an unknown key has them fetched.
            try issuer.publish(["two": P256.Signing.PrivateKey()])
            let other = try issuer.token(header: ["kid": "two"], key: P256.Signing.PrivateKey())
            #expect(try await status(http, "Bearer \(other)").status == 401)
            #expect(try await status(http, "Bearer \(long)").status == 401)
        }
    }

    @Test func `unknown keys are asked for once in a while only`() async throws {
        let site = try await GatewaySite.make()
        let issuer = try TokenIssuer()
        let next = P256.Signing.PrivateKey()
        try await withGateway(
            site,
            { configuration in
                configuration.tokens = issuer.rules(app: site.app)
                configuration.tokens?.refreshInterval = .seconds(600)
            }
        ) { http in
            #expect(try await status(http, "Bearer \(try issuer.token())").status == 200)
            try issuer.publish(["two": next])
            let token = try issuer.token(header: ["kid": "two"], key: next)
            #expect(try await status(http, "Bearer \(token)").status == 401)
        }
    }

    @Test func `without rules there is no API for apps`() async throws {
        let site = try await GatewaySite.make()
        try await withGateway(site) { http in
            #expect(try await status(http, nil).status == 404)
            let document = try await http.send(request("GET", "/openapi.json"))
            #expect(!document.body.contains("/app/v1") && document.body.contains("/oauth/api/v4"))
        }
    }
}
