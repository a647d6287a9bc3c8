/// A signature that is wrong, but only when the whole work of checking it is done: with it that work is measured.
struct ProbeSignature {
    static let text = Array("countersign".utf8)

    let bytes: [UInt8]

    init(by key: KeyMaterial) {
        let fingerprint = stride(from: 0, to: 40, by: 2).compactMap {
            UInt8(key.fingerprint.dropFirst($0).prefix(2), radix: 16)
        }
        let inner =
            Subpackets.write(Subpackets.Kind.creation, PacketNumber.bytes(Int(key.created), 4))
            + Subpackets.write(Subpackets.Kind.issuerFingerprint, [4] + fingerprint)
        let covered =
            [4, SignaturePacket.binary, key.algorithm, HashAlgorithm.sha256.rawValue]
            + PacketNumber.bytes(inner.count, 2) + inner
        let trailer = covered + [4, 0xFF] + PacketNumber.bytes(covered.count, 4)
        let digest = HashAlgorithm.sha256.digest([Self.text, trailer])
        bytes = Packets.write(
            Packets.Tag.signature,
            covered + [0, 0] + digest.prefix(2) + Self.numbers(key).flatMap { PacketNumber.long($0) })
    }

    /// As large as those of a right signature, and below what they must be below.
    private static func numbers(_ key: KeyMaterial) -> [[UInt8]] {
        guard let curve = key.curve else {
            let modulus = key.numbers[0]
            return [[(modulus.first ?? 0) >> 1] + filling(modulus.count - 1)]
        }
        return switch curve {
        case .ed25519: [filling(32), filling(31) + [0x0F]]
        case .p521: [[0x00, 0x7F] + filling(64), [0x00, 0x7F] + filling(64)]
        default: [[0x7F] + filling(curve.byteCount - 1), [0x7F] + filling(curve.byteCount - 1)]
        }
    }

    private static func filling(_ count: Int) -> [UInt8] { [UInt8](repeating: 0xA5, count: count) }
}
