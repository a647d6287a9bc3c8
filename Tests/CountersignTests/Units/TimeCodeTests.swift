import Countersign
import Testing

@Suite struct TimeCodeTests {
    private let factor = TimeCode(secret: Array("12345678901234567890".utf8))

    /// RFC 6238 appendix B, those of SHA-1.
    @Test(arguments: [
        (59, "94287082"), (1_111_111_109, "07081804"), (1_111_111_111, "14050471"),
        (1_234_567_890, "89005924"), (2_000_000_000, "69279037"), (20_000_000_000, "65353130"),
    ])
    func `the vectors of RFC 6238`(seconds: UInt64, code: String) {
        #expect(factor.code(of: seconds / 30, digits: 8) == code)
    }

    @Test func `a code counts in its interval, the one before and the one after`() {
        let code = factor.code(of: 100)
        #expect((2_970...3_059).allSatisfy { factor.interval(of: code, at: Int64($0)) == 100 })
        #expect(factor.interval(of: code, at: 2_969) == nil && factor.interval(of: code, at: 3_060) == nil)
        for wrong in ["", "000000", "\(code) ", String(code.dropFirst())] where wrong != code {
            #expect(factor.interval(of: wrong, at: 3_000) == nil)
        }
    }

    /// The secret in base32 is that of RFC 4648.
    @Test func `an authenticator reads its address`() {
        #expect(
            factor.address("alice")
                == "otpauth://totp/Countersign:alice?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ&issuer=Countersign"
        )
        #expect(!"\(factor)".contains("1234"))
    }
}
