import Crypto
import Foundation

/// What a scan returns: what the user must see before he answers.
public struct Prompt: Sendable, Hashable, Codable {
    /// As the server has sent it, byte for byte: its digest is signed with the answer.
    public let text: String

    public init(_ text: String) { self.text = text }

    /// What is shown: the portal's name, its message, and the visitor's context, a line each.
    public var lines: [String] {
        text.utf8[..<(armorStart ?? text.endIndex)].split(
            separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false
        ).map { String(decoding: $0, as: UTF8.self) }
    }

    /// Whether there is a message for this device alone, which `DeviceKey.secureMessage` opens.
    public var hasSecureMessage: Bool { armorStart != nil }

    /// SHA-256 of the bytes in lower-case hexadecimal.
    var digest: String { hexadecimal(SHA256.hash(data: Data(text.utf8))) }

    /// The encrypted message in ASCII armor.
    var armor: String? { armorStart.map { String(text.utf8[text.utf8.index(after: $0)...]) ?? "" } }

    /// Of the line feed before the last line that is an armor's first. No line of the text before it can look so: the
    /// server lets no line break into what it shows.
    private var armorStart: String.Index? {
        let first = Array("\n-----BEGIN PGP MESSAGE-----".utf8)
        let bytes = text.utf8
        return bytes.indices.last { index in
            let rest = bytes[index...]
            guard rest.starts(with: first) else { return false }
            let end = rest.dropFirst(first.count).first
            return end == UInt8(ascii: "\n") || end == UInt8(ascii: "\r")
        }
    }
}
