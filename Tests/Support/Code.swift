import Foundation
package import Postgres

/// A code, taken apart as the contract says: 16 bytes of the transaction, 32 of the secret.
package struct Code {
    package let text: String
    private let data: Data

    package init?(_ text: String) {
        let standard = text.replacing("-", with: "+").replacing("_", with: "/")
        guard let data = Data(base64Encoded: standard), data.count == 48 else { return nil }
        (self.text, self.data) = (text, data)
    }

    /// Well-formed, and wrong: nobody was given that secret.
    package static func invented(for transaction: Identifier = .random()) -> String {
        let secret = Identifier.random().bytes + Identifier.random().bytes
        return base64URL(Data(transaction.bytes + secret))
    }

    package var transaction: Identifier? { Identifier(bytes: data.prefix(16)) }
    package var secret: [UInt8] { Array(data.suffix(32)) }

    /// Texts by which the code, or the secret alone, would be found in a table or a log.
    package var traces: [String] {
        let secret = data.suffix(32)
        let hex = secret.map { String(format: "%02x", $0) }.joined()
        return [text, data.base64EncodedString(), hex, secret.base64EncodedString(), base64URL(Data(secret))]
    }

    /// Which of the traces the text holds.
    package func found(in text: String) -> [String] { traces.filter { text.contains($0) } }
}
