import Countersign
import Crypto
import Foundation

/// What a visitor's page asks with for the one request that it shows: 128 random bits. The database has a digest of it,
/// `token_digest` in SQL, and the code hidden by another one.
struct BrowserToken: Sendable, Hashable {
    private static let length = 16
    private let bytes: [UInt8]

    init() { bytes = randomBytes(Self.length) }

    /// Nil unless it is the one spelling of so many bytes in base64url.
    init?(_ text: some StringProtocol) {
        guard let bytes = base64URLDecoded(text.utf8), bytes.count == Self.length else { return nil }
        self.bytes = bytes
    }

    /// 22 characters of base64url.
    var text: String { base64URLEncoded(bytes) }

    /// By which it is known.
    var digest: [UInt8] { digest("token") }
    /// What hides the code: each token is for one.
    var pad: [UInt8] { digest("code") }

    private func digest(_ purpose: String) -> [UInt8] {
        Array(SHA256.hash(data: Data("countersign-browser-\(purpose)\n".utf8) + bytes))
    }

    /// Hides the 32 secret bytes of a code, and shows them again.
    func combined(_ secret: some Collection<UInt8>) -> [UInt8] { zip(secret, pad).map { $0 ^ $1 } }
}

extension BrowserToken: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    var description: String { "browser token (redacted)" }
    var debugDescription: String { description }
    var customMirror: Mirror { Mirror(self, children: []) }
}
