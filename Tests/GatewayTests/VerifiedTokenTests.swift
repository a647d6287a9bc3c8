import Foundation
import Support
import Testing

@testable import Gateway

/// What is remembered of tokens whose signatures were verified.
@Suite struct VerifiedTokenTests {
    private let token = Array("header.claims.signature".utf8)

    private func claims(of user: String = "alice") throws -> TokenClaims {
        let text = #"{"iss":"https://issuer","aud":"app","sub":"\#(user)","exp":2000000000}"#
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
        verified.remember(try claims(), of: Array(repeating: 65, count: 2_048), 1)
        verified.remember(try claims(), of: Array(repeating: 65, count: 2_049), 1)
        #expect(verified.count == 1)
    }
}
