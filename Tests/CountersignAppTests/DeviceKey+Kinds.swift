import CountersignApp
import Foundation

// The server's modules have things of these names, too.
typealias AppKey = CountersignApp.DeviceKey
typealias AppCode = CountersignApp.Code

/// A code that nobody made, of 48 bytes.
let someCode = String(repeating: "AbCdEfGh", count: 8)

extension DeviceKey {
    /// What devices keep their keys in.
    enum Kind: String, CaseIterable {
        case ed25519, p256
        /// A Secure Enclave signs on P-256; a software key may decrypt beside it.
        case mixed

        func make(created: Date = Date(timeIntervalSinceNow: -10)) -> DeviceKey {
            switch self {
            case .ed25519:
                DeviceKey(signer: Ed25519Signer(), decrypter: Curve25519Decrypter(), created: created)
            case .p256: DeviceKey(signer: P256Signer(), decrypter: P256Decrypter(), created: created)
            case .mixed: DeviceKey(signer: P256Signer(), decrypter: Curve25519Decrypter(), created: created)
            }
        }
    }

    static let kinds = Kind.allCases
}
