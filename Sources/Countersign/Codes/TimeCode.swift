import Crypto

/// The second factor of an account: a secret from which an authenticator app makes a code of six digits for each 30 s
/// (TOTP, RFC 6238, with HMAC-SHA-1, which is what all of them do).
package struct TimeCode: Sendable {
    /// Seconds that a code is shown.
    package static let step = 30

    package let secret: [UInt8]

    package init(secret: [UInt8]) { self.secret = secret }

    /// Reads what `base32` has written; nil for anything else.
    package init?(base32 text: String) {
        let values = text.unicodeScalars.map { Self.alphabet.firstIndex(of: $0) }
        guard values.count == 32, !values.contains(nil) else { return nil }
        secret = stride(from: 0, to: 32, by: 8).flatMap { start -> [UInt8] in
            let bits = values[start..<start + 8].reduce(UInt64(0)) { $0 << 5 | UInt64($1 ?? 0) }
            return [32, 24, 16, 8, 0].map { UInt8(truncatingIfNeeded: bits >> $0) }
        }
    }

    private static let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZ234567".unicodeScalars)

    /// With a new secret of 160 bits, as RFC 4226 section 4 recommends.
    package static func make() -> TimeCode { TimeCode(secret: randomBytes(20)) }

    /// The code of that interval (RFC 4226 section 5.3).
    package func code(of interval: UInt64, digits: Int = 6) -> String {
        let message = (0..<8).reversed().map { UInt8(truncatingIfNeeded: interval >> (UInt64($0) * 8)) }
        let hash = [UInt8](
            HMAC<Insecure.SHA1>.authenticationCode(for: message, using: SymmetricKey(data: secret)))
        let offset = Int(hash[19] & 0xF)
        let number = hash[offset..<offset + 4].reduce(UInt32(0)) { $0 << 8 | UInt32($1) } & 0x7FFF_FFFF
        let divisor = (0..<digits).reduce(UInt32(1)) { product, _ in product * 10 }
        let text = String(number % divisor)
        return String(repeating: "0", count: digits - text.utf8.count) + text
    }

    /// The interval whose code was typed: this one, the one before or the one after, as clocks differ (RFC 6238
    /// section 5.2). Nil for any other code.
    package func interval(of typed: String, at seconds: Int64) -> Int64? {
        let now = seconds / Int64(Self.step)
        return [now, now - 1, now + 1].first { interval in
            interval >= 0
                && constantTimeEqual(Array(code(of: UInt64(interval)).utf8), Array(typed.utf8))
        }
    }

    /// What an authenticator app reads from a QR code.
    package func address(_ account: String) -> String {
        "otpauth://totp/Countersign:\(account)?secret=\(base32)&issuer=Countersign"
    }

    /// The secret as people type it into an app: RFC 4648 section 6, without padding, as 20 bytes need none.
    package var base32: String {
        var text = ""
        var (bits, count) = (UInt32(0), 0)
        for byte in secret {
            (bits, count) = (bits << 8 | UInt32(byte), count + 8)
            while count >= 5 {
                count -= 5
                text.append(Character(Self.alphabet[Int(bits >> UInt32(count) & 31)]))
            }
        }
        return text
    }
}

extension TimeCode: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    package var description: String { "second factor (redacted)" }
    package var debugDescription: String { description }
    package var customMirror: Mirror { Mirror(self, children: []) }
}
