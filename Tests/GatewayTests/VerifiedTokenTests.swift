import Crypto
import Engine
import Foundation
import Logging
import Support
import Testing

@testable import Gateway

/// What is remembered of tokens whose signatures were verified.
@Suite struct VerifiedTokenTests {
    private let token = Array("header.claims.signature".utf8)

    private func claims(of user: String = "alice", scopes: Int = 1) throws -> TokenClaims {
        let scope = Array(repeating: "s", count: scopes).joined(separator: " ")
        let text =
            #"{"iss":"https://issuer","aud":"app","sub":"\#(user)","exp":2000000000,"scope":"\#(scope)"}"#
        return try JSONDecoder().decode(TokenClaims.self, from: Data(text.utf8))
    }

    @Test func `a token is known to the byte, by the keys that have verified it`() throws {
        let verified = VerifiedTokens()
        verified.remember(try claims(), of: token, 1)
        #expect(verified.claims(of: token, 1)?.sub == "alice")
        #expect(verified.claims(of: token + [0], 1) == nil)
        #expect(verified.claims(of: token.dropLast(), 1) == nil)
        #expect(verified.claims(of: token, 2) == nil)
    }

    @Test func `verdicts of earlier keys are not taken`() throws {
        let verified = VerifiedTokens()
        verified.remember(try claims(), of: token, 2)
        let late = Array("another".utf8)
        verified.remember(try claims(), of: late, 1)
        #expect(verified.claims(of: late, 1) == nil && verified.claims(of: late, 2) == nil)
        #expect(verified.claims(of: token, 2) != nil)
        verified.remember(try claims(), of: late, 3)
        #expect(verified.count == 1)
    }

    @Test func `so many are remembered at most, and who comes again and again is one of them`() throws {
        let verified = VerifiedTokens(most: 10)
        verified.remember(try claims(), of: token, 1)
        for number in 0..<1_000 {
            verified.remember(try claims(of: "user-\(number)"), of: Array("token-\(number)".utf8), 1)
            #expect(verified.count <= 20)
            #expect(verified.claims(of: token, 1)?.sub == "alice")
        }
        #expect(verified.claims(of: Array("token-0".utf8), 1) == nil)
    }

    @Test func `what would fill the memory is not remembered`() throws {
        let verified = VerifiedTokens()
        verified.remember(try claims(scopes: 1_000), of: token, 1)
        #expect(verified.count == 0)
        verified.remember(try claims(scopes: 40), of: token, 1)
        #expect(verified.count == 1)
    }

    private func keys(_ issuer: TokenIssuer, lifetime: Duration = .seconds(300)) -> (TokenRules, KeySet) {
        var rules = issuer.rules(app: "mobile")
        rules.keyLifetime = lifetime
        return (rules, KeySet(rules, logger: Logger(label: "keys")))
    }

    /// By the keys of another issuer, who says that they are of the same edition: they know nothing of the token.
    @Test func `what was verified once is not verified again`() async throws {
        let (issuer, other) = (try TokenIssuer(), try TokenIssuer())
        let (rules, keys) = keys(issuer)
        let verifier = TokenVerifier(rules: rules, keys: keys, clock: DatabaseClock())
        let token = Array(try issuer.token().utf8)
        let claims = try await verifier.checked(token)
        let (_, foreign) = self.keys(other)
        _ = await foreign.verifiers(nil, "ES256")
        try #require(foreign.edition() == keys.edition())
        var second = TokenVerifier(rules: rules, keys: foreign, clock: DatabaseClock())
        await #expect(throws: TokenRefusal.self) { try await second.checked(token) }
        second.verified = verifier.verified
        #expect(try await second.checked(token).sub == claims.sub)
        #expect(verifier.verified.count == 1)
    }

    @Test func `what is refused is not remembered`() async throws {
        let issuer = try TokenIssuer()
        let (rules, keys) = keys(issuer)
        let verifier = TokenVerifier(rules: rules, keys: keys, clock: DatabaseClock())
        for token in [
            try issuer.token(claims: ["exp": 1]), try issuer.token(claims: ["aud": "another"]),
            try issuer.token(key: P256.Signing.PrivateKey()), "no token",
        ] {
            await #expect(throws: TokenRefusal.self) { try await verifier.checked(Array(token.utf8)) }
        }
        #expect(verifier.verified.count == 0)
    }

    @Test func `keys are of another edition when another text is published`() async throws {
        let issuer = try TokenIssuer()
        let (_, keys) = keys(issuer, lifetime: .seconds(10))
        #expect(keys.edition() == nil)
        for _ in 0..<3 {
            #expect(await keys.verifiers("unknown", "ES256").keys.isEmpty)
            #expect(keys.edition() == 1)
        }
        // After half of their life they are fetched anew, by whoever only asks for the edition.
        try issuer.publish(["two": P256.Signing.PrivateKey()])
        try await eventually("they are fetched") { keys.edition() == 2 }
    }
}
