import Foundation
import OpenPGPPackets

/// A signature as the database keeps it: the packets of an armor that can be made again byte for byte, which is half of its
/// bytes, and else the text. `countersign.armored_signature()` makes the armor of it, and says how it is written.
package enum KeptSignature {
    package static func bytes(_ text: String) -> [UInt8] {
        guard let packed = packed(text), armor(packed).utf8.elementsEqual(text.utf8) else {
            return Array(text.utf8)
        }
        return packed
    }

    /// Of a first byte with which no text begins.
    private enum Form {
        static let packed: UInt8 = 0x80
        static let carriageReturns: UInt8 = 1
        static let shortLines: UInt8 = 2
        static let lineFeedAtEnd: UInt8 = 4
    }

    /// Whatever comes of a text that has another form.
    private static func packed(_ text: String) -> [UInt8]? {
        let lines = text.replacing("\r\n", with: "\n")
            .split(separator: "\n", omittingEmptySubsequences: false)
        guard let sum = lines.lastIndex(where: { $0.hasPrefix("=") }), sum > 2,
            let packets = Data(base64Encoded: lines[2..<sum].joined()),
            let checksum = Data(base64Encoded: String(lines[sum].dropFirst())), checksum.count == 3
        else { return nil }
        var form = Form.packed
        if text.utf8.contains(UInt8(ascii: "\r")) { form |= Form.carriageReturns }
        if lines[2].utf8.count <= 64 { form |= Form.shortLines }
        if lines.last == "" { form |= Form.lineFeedAtEnd }
        return [form] + packets + checksum
    }

    private static func armor(_ kept: [UInt8]) -> String {
        let form = kept[0]
        var lines = Armor.lines(
            Array(kept.dropFirst().dropLast(3)), .signature, width: form & Form.shortLines == 0 ? 76 : 64,
            checksum: Array(kept.suffix(3)))
        if form & Form.lineFeedAtEnd != 0 { lines.append("") }
        return lines.joined(separator: form & Form.carriageReturns == 0 ? "\n" : "\r\n")
    }
}
