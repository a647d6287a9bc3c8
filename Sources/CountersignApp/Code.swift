import Crypto
public import Foundation

/// A code that the device has got hold of: 64 characters of base64url, RFC 4648 section 5.
public struct Code: Sendable, Hashable, CustomStringConvertible {
    /// The 64 characters. Whoever has them can answer the request: they belong into no log.
    public let text: String
    /// The request: bytes 0 to 15.
    public let transactionID: UUID
    /// SHA-256 of bytes 16 to 47: 32 bytes.
    public let secretDigest: [UInt8]
    /// Whether it stood in a link that opens the app on the device where the browser is: `channel=link`.
    public let isFromLink: Bool

    /// From the code itself, or from whatever text holds one code, as a link does.
    ///
    /// - Throws: `AppError.noCode` where there is none, or more than one.
    public init(_ text: String) throws(AppError) {
        guard let code = Self.find(in: text) else { throw .noCode }
        let base64 = code.map { $0 == UInt8(ascii: "-") ? UInt8(ascii: "+") : $0 }
            .map { $0 == UInt8(ascii: "_") ? UInt8(ascii: "/") : $0 }
        guard let bytes = Data(base64Encoded: Data(base64)).map(Array.init), bytes.count == 48 else {
            throw .noCode
        }
        isFromLink = text.split { "?&#".contains($0) }.contains("channel=link")
        self.text = String(decoding: code, as: UTF8.self)
        transactionID = UUID(bytes: bytes.prefix(16))
        secretDigest = Array(SHA256.hash(data: bytes.dropFirst(16)))
    }

    /// Not the code, which would get into logs.
    public var description: String { "a code for \(transactionID.uuidString.lowercased())" }

    /// The one run of exactly 64 characters of the alphabet.
    private static func find(in text: String) -> ArraySlice<UInt8>? {
        let runs = Array(text.utf8)[...].split { !isOfAlphabet($0) }.filter { $0.count == 64 }
        return runs.count == 1 ? runs[0] : nil
    }

    private static func isOfAlphabet(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "a")...UInt8(ascii: "z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "_"):
            true
        default: false
        }
    }
}

extension UUID {
    fileprivate init(bytes: ArraySlice<UInt8>) {
        let b = Array(bytes)
        self.init(
            uuid: (
                b[0], b[1], b[2], b[3], b[4], b[5], b[6], b[7], b[8], b[9], b[10], b[11], b[12], b[13], b[14],
                b[15]
            ))
    }
}
