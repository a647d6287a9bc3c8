import Crypto
import CryptoExtras
import Foundation

/// Encrypted data with integrity protection, version 1: AES in CFB mode, and a SHA-1 of the text at its end.
/// RFC 9580 section 5.13.1.
enum ProtectedData {
    /// The bytes of a block of AES.
    private static let block = 16
    /// Type 19, 20 bytes: section 5.14.
    private static let codePacket: [UInt8] = [0xD3, 20]

    /// The packets within; nil when they were changed or cut off, or the key is another's.
    static func open(_ body: [UInt8], with key: SymmetricKey) -> [UInt8]? {
        guard body.first == 1, body.count > 1 + block + 2 + codePacket.count + 20 else { return nil }
        let zero = [UInt8](repeating: 0, count: block)
        guard let iv = try? AES._CFB.IV(ivBytes: zero),
            let decrypted = try? AES._CFB.decrypt(body.dropFirst(), using: key, iv: iv)
        else { return nil }
        let text = Array(decrypted)
        let end = text.count - codePacket.count - 20
        guard text[end..<end + 2] == codePacket[...] else { return nil }
        // The comparison of a digest takes as long whatever differs.
        guard Insecure.SHA1.hash(data: text[..<(end + 2)]) == text[(end + 2)...] else { return nil }
        return Array(text[(block + 2)..<end])
    }
}
