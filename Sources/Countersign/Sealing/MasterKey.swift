package import Crypto
import FoundationEssentials

/// A 256-bit key that seals secrets at rest, and the number by which sealed values name it.
package struct MasterKey: Sendable {
    /// Its length in bytes: AES-256.
    package static let length = 32

    package let id: UInt32
    package let key: SymmetricKey

    package init(id: UInt32, key: SymmetricKey) {
        (self.id, self.key) = (id, key)
    }

    /// A new key as `COUNTERSIGN_MASTER_KEY` takes it, `<id>:<base64>`.
    package static func generate(id: UInt32) -> String {
        "\(id):\(Data(randomBytes(length)).base64EncodedString())"
    }
}

/// Neither printing, nor `dump`, nor a debugger's summary shows the key.
extension MasterKey: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    package var description: String { "master key \(id) (redacted)" }
    package var debugDescription: String { description }
    package var customMirror: Mirror { Mirror(self, children: []) }
}
