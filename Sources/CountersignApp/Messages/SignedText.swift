import Crypto
import Foundation
import OpenPGPPackets

/// The text of a message, and the one signature over it: section 10.3 of RFC 9580.
struct SignedText {
    let text: [UInt8]
    private let signature: SignatureBody

    /// Nil unless there is exactly one signature, of a text as it stands, that is neither compressed nor
    /// encrypted again.
    init?(_ packets: [UInt8]) {
        var rest = packets[...]
        guard let onePass = Packets.takeJoined(&rest), onePass.tag == Packets.Tag.onePassSignature,
            let literal = Packets.takeJoined(&rest), literal.tag == Packets.Tag.literal,
            let text = Self.text(literal.body),
            let packet = Packets.takeJoined(&rest), packet.tag == Packets.Tag.signature, rest.isEmpty,
            let signature = try? SignatureBody(packet.body[...]), signature.type == SignatureType.binary
        else { return nil }
        (self.text, self.signature) = (text, signature)
    }

    /// Section 5.9: its format, a file's name and a time come before it.
    private static func text(_ body: [UInt8]) -> [UInt8]? {
        guard body.count >= 2, body.count >= 6 + Int(body[1]) else { return nil }
        return Array(body.dropFirst(6 + Int(body[1])))
    }

    func isSigned(by key: ServerKey) -> Bool { key.hasSigned(text, signature) }
}
