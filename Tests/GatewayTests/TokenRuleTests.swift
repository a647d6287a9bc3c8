import Crypto
import CryptoExtras
import Foundation
import Gateway
import Support
import Testing

/// What RFC 8725 and RFC 9068 ask of whoever takes a token, and what operators can ask for besides.
@Suite(.database) struct TokenRuleTests {
    private func status(_ http: RawHTTP, _ token: String) async throws -> Int {
        try await http.send(request("GET", "/app/v1/enrollments", ["Authorization": "Bearer \(token)"]))
            .status
    }

    private var now: Int { Int(Date().timeIntervalSince1970) }

    private func withRules(
        _ change: (inout TokenRules) -> Void = { _ in },
        _ body: (RawHTTP, TokenIssuer) async throws -> Void
    ) async throws {
        let site = try await GatewaySite.make()
        let issuer = try TokenIssuer()
        var rules = issuer.rules(app: site.app)
        change(&rules)
        let changed = rules
        try await withGateway(site, { $0.tokens = changed }) { http in try await body(http, issuer) }
    }

    /// The reason stands in the request's line, and the answer is the same for all.
    private func expectRefused(
        _ reason: String, _ http: RawHTTP, _ token: String, _ name: String = ""
    ) async throws {
        let headers = ["Authorization": "Bearer \(token)", "X-Request-Id": UUID().uuidString]
        let answer = try await http.send(request("GET", "/app/v1/enrollments", headers))
        #expect(answer.status == 401, "\(name) \(reason)")
        let body =
            #"{"error":"invalid_token","error_description":"the token is not valid, or not for this API"}"#
        #expect(answer.body == body)
        let all = LogCapture.current.lines.filter { $0.contains(headers["X-Request-Id"] ?? "-") }
        let lines = all.filter { $0.contains("request finished") }
        #expect(
            lines.count == 1 && lines[0].contains("refused=") && lines[0].contains(reason),
            "\(name): \(lines)")
        #expect(!all.joined().contains(token.prefix(20)))
    }

    @Test(arguments: [
        ("JWT", "typ is not"), ("logout+jwt", "typ is not"), ("dpop+jwt", "typ is not"), ("id", "typ is not"),
        (nil, "typ is not"), ("at+jwt ", "typ is not"),
    ])
    func `another type of token is none for us`(type: String?, reason: String) async throws {
        try await withRules { http, issuer in
            for type in ["at+jwt", "AT+JWT", "application/at+jwt"] {
                #expect(try await status(http, issuer.token(header: ["typ": type])) == 200)
            }
            try await expectRefused(reason, http, issuer.token(header: ["typ": type ?? NSNull()]))
        }
    }

    @Test func `issuers that cannot may leave the type out, if the operator says so`() async throws {
        try await withRules({ $0.takesUntyped = true }) { http, issuer in
            for type in ["at+jwt", "JWT", "jwt", NSNull()] as [any Sendable] {
                #expect(try await status(http, issuer.token(header: ["typ": type])) == 200)
            }
            for type in ["logout+jwt", "dpop+jwt", "secevent+jwt", ""] {
                try await expectRefused("typ is not", http, issuer.token(header: ["typ": type]))
            }
        }
    }

    /// For Swift U+212A equals K.
    @Test func `names that only look alike are others`() async throws {
        let change = { (rules: inout TokenRules) in (rules.audience, rules.scopes) = ("Kiosk", ["Kiosk"]) }
        try await withRules(change) { http, issuer in
            let right = ["aud": "Kiosk", "scope": "a Kiosk"]
            #expect(try await status(http, issuer.token(claims: right)) == 200)
            let token = try issuer.token(claims: right.merging(["aud": "\u{212A}iosk"]) { $1 })
            try await expectRefused("another aud", http, token)
            let other = try issuer.token(claims: right.merging(["scope": "a \u{212A}iosk"]) { $1 })
            try await expectRefused("scope", http, other)
        }
    }

    @Test func `claims that a careful reader refuses`() async throws {
        try await withRules { http, issuer in
            let year = 31_536_000
            for (claims, reason) in [
                (["cnf": ["jkt": "x"]], "cnf binds"), (["cnf": NSNull()], "cnf binds"),
                (["iat": now + 600], "iat lies"), (["nbf": now + 600], "nbf lies"),
                (["exp": now + 10 * year], "lives longer"),
                (["iat": now - 86_400, "exp": now + 600], "lives longer"),
                (["exp": now - 1], "expired"), (["exp": "\(now + 600)"], "a claim is"),
                (["exp": NSNull()], "a claim is"), (["iat": "now"], "a claim is"), (["sub": 7], "a claim is"),
                (["aud": [7]], "a claim is"), (["aud": "other"], "another aud"),
                (["iss": "other"], "another iss"),
                (["sub": ""], "sub has"),
            ] as [([String: any Sendable], String)] {
                try await expectRefused(reason, http, issuer.token(claims: claims), "\(claims)")
            }
            for claims in [
                ["iat": now, "exp": now + 86_000], ["iat": now + 10, "nbf": now + 10],
                ["iat": Double(now) - 0.5, "exp": Double(now) + 60.5], ["jti": "x", "client_id": "y"],
            ] as [[String: any Sendable]] {
                #expect(try await status(http, issuer.token(claims: claims)) == 200, "\(claims)")
            }
        }
    }

    @Test func `a longest life of one's own`() async throws {
        try await withRules({ $0.longestLife = .seconds(300) }) { http, issuer in
            try await expectRefused("lives longer", http, issuer.token(claims: ["exp": now + 400]))
            try await expectRefused(
                "lives longer", http, issuer.token(claims: ["iat": now - 250, "exp": now + 90]))
            #expect(try await status(http, issuer.token(claims: ["exp": now + 290])) == 200)
        }
    }

    @Test func `scopes that are asked for`() async throws {
        try await withRules({ $0.scopes = ["sign-in", "devices"] }) { http, issuer in
            for scope in [NSNull(), "", "sign-in", "sign-in devicesx", "Sign-in devices", ["sign-in"]]
                as [any Sendable]
            {
                let token = try issuer.token(claims: scope is NSNull ? [:] : ["scope": scope])
                try await expectRefused("scope is missing", http, token, "\(scope)")
            }
            for claims in [
                ["scope": "devices other sign-in"], ["scp": ["devices", "sign-in"]],
                ["scp": "sign-in devices"],
            ] as [[String: any Sendable]] {
                #expect(try await status(http, issuer.token(claims: claims)) == 200, "\(claims)")
            }
        }
    }

    /// Each is signed by the right key.
    @Test func `other spellings of a token`() async throws {
        try await withRules { http, issuer in
            let good = try issuer.token()
            let parts = good.split(separator: ".").map(String.init)
            let claims = #"{"iss":"https://id.example","aud":"countersign","sub":"alice","exp":\#(now + 600)"#
            let header = #"{"alg":"ES256","typ":"at+jwt","kid":"one""#
            func signed(_ header: String, _ claims: String) throws -> String {
                let text = [header, claims].map { base64URL($0.utf8) }.joined(separator: ".")
                let signature = try issuer.key.signature(for: Data(text.utf8)).rawRepresentation
                return "\(text).\(base64URL(signature))"
            }
            #expect(try await status(http, signed(header + "}", claims + "}")) == 200)
            for token in [
                good + "=", good + "==", good + ".", good + ".x", "." + good, "\(good)\u{200B}",
                parts[0] + "." + parts[1], good.replacing("-", with: "+").replacing("_", with: "/") + "+",
                try signed(header + #","alg":"ES256"}"#, claims + "}"),
                try signed(header + #","\u0061lg":"none"}"#, claims + "}"),
                try signed("\u{FEFF}" + header + "}", claims + "}"), try signed("[]", claims + "}"),
            ] {
                try await expectRefused("no signed JWT", http, token)
            }
            try await expectRefused("a claim is", http, signed(header + "}", claims + #","sub":"bob"}"#))
            try await expectRefused(
                "a claim is", http, signed(header + "}", claims + #","s\u0075b":"bob"}"#))
            try await expectRefused("crit names", http, signed(header + #","crit":null}"#, claims + "}"))
            let long = try issuer.token(claims: ["more": String(repeating: "x", count: 9_000)])
            try await expectRefused("longer than", http, long)
        }
    }

    /// The last character of a signature of 64 bytes has four bits of its own, and two that must not be set.
    @Test func `a token has one text`() async throws {
        try await withRules { http, issuer in
            let token = try issuer.token()
            let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_")
            let last = try #require(token.last.flatMap { alphabet.firstIndex(of: $0) })
            for bits in 1...3 {
                try await expectRefused(
                    "no signed JWT", http, token.dropLast() + String(alphabet[last + bits]))
            }
        }
    }

    /// The names of one algorithm, before and after RFC 9864, in the key, in the token and in what is allowed.
    @Test(arguments: [
        ("Ed25519", "EdDSA", "EdDSA"), ("EdDSA", "Ed25519", "EdDSA"), ("Ed25519", "Ed25519", "EdDSA"),
        ("EdDSA", "EdDSA", "Ed25519"), ("Ed25519", "Ed25519", "Ed25519"),
    ])
    func `Ed25519 and EdDSA are one`(ofKey: String, ofToken: String, allowed: String) async throws {
        let key = Curve25519.Signing.PrivateKey()
        let jwk = [
            "kty": "OKP", "crv": "Ed25519", "alg": ofKey, "kid": "one",
            "x": base64URL(key.publicKey.rawRepresentation),
        ]
        try await withRules({ $0.allowed = [allowed] }) { http, issuer in
            try JSONSerialization.data(withJSONObject: ["keys": [jwk]]).write(to: issuer.file)
            let text = try issuer.unsigned(header: ["alg": ofToken])
            let token = "\(text).\(base64URL(try key.signature(for: Data(text.utf8))))"
            #expect(try await status(http, token) == 200)
            try await expectRefused("alg is not", http, issuer.token())
        }
    }

    /// A key without an algorithm is for several: whoever comes first does not choose for the others.
    @Test func `a key serves each algorithm that suits it`() async throws {
        let key = try _RSA.Signing.PrivateKey(keySize: .bits2048)
        let numbers = try key.publicKey.getKeyPrimitives()
        let jwk = [
            "kty": "RSA", "kid": "one", "n": base64URL(numbers.modulus),
            "e": base64URL(numbers.publicExponent),
        ]
        try await withRules { http, issuer in
            try JSONSerialization.data(withJSONObject: ["keys": [jwk]]).write(to: issuer.file)
            let paddings: [(String, _RSA.Signing.Padding)] = [("PS256", .PSS), ("RS256", .insecurePKCS1v1_5)]
            for (algorithm, padding) in paddings {
                let text = try issuer.unsigned(header: ["alg": algorithm])
                let signature = try key.signature(for: Data(text.utf8), padding: padding).rawRepresentation
                #expect(try await status(http, "\(text).\(base64URL(signature))") == 200, "\(algorithm)")
            }
        }
    }

    @Test func `without a kid the key must be the only one for the algorithm`() async throws {
        try await withRules { http, issuer in
            let token = try issuer.token(header: ["kid": NSNull()])
            #expect(try await status(http, token) == 200)
            try issuer.publish(["one": issuer.key, "two": P256.Signing.PrivateKey()])
            // An unknown one makes it look.
            #expect(try await status(http, issuer.token(header: ["kid": "three"])) == 401)
            try await expectRefused("no key of that", http, token)
        }
    }

    /// An issuer who is away: what is known counts for its lifetime, and then no more.
    @Test func `keys that cannot be had any more count for their lifetime`() async throws {
        let lifetime = Duration.seconds(2)
        try await withRules({ $0.keyLifetime = lifetime }) { http, issuer in
            let token = try issuer.token()
            let asked = ContinuousClock.now
            #expect(try await status(http, token) == 200)
            try FileManager.default.removeItem(at: issuer.file)
            try await eventually("it counts no more") { try await status(http, token) == 401 }
            #expect(asked.duration(to: .now) >= lifetime)
            try await expectRefused("no key of that", http, token)
            try issuer.publish(["one": issuer.key])
            #expect(try await status(http, token) == 200)
        }
    }

    /// Its first bytes come at once, and then one every while.
    @Test func `an issuer that never comes to an end holds up nobody for long`() async throws {
        let site = try await GatewaySite.make()
        let issuer = try TokenIssuer()
        try await Receiver.run { _, _ in
            .dripping("HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n{", " ")
        } _: { receiver in
            var rules = issuer.rules(app: site.app)
            rules.keys = try #require(URL(string: "\(receiver.address)/jwks"))
            rules.keyPatience = .milliseconds(300)
            let slow = rules
            try await withGateway(site, { $0.tokens = slow }) { http in
                try await expectRefused("no key of that", http, issuer.token())
            }
        }
    }
}
