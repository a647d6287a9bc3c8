import OpenPGPPackets

/// A signature that is wrong, but only when the whole work of checking it is done: with it that work is measured.
struct ProbeSignature {
    static let text = Array("countersign".utf8)

    let bytes: [UInt8]

    init(by key: KeyMaterial) {
        let fingerprint = stride(from: 0, to: 40, by: 2).compactMap {
            UInt8(key.fingerprint.dropFirst($0).prefix(2), radix: 16)
        }
        let draft = SignatureDraft(
            type: SignaturePacket.binary, algorithm: key.algorithm, created: key.created,
            fingerprint: fingerprint)
        bytes = draft.packet(of: Self.text, Self.numbers(key))
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
