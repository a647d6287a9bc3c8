/// The numbers that end a signature packet, RFC 9580 section 5.2.3: in one form only.
package struct SignatureNumbers {
    package let all: [ArraySlice<UInt8>]
    package let bytes: [UInt8]

    package init(_ bytes: ArraySlice<UInt8>, _ algorithm: UInt8) throws(Damage) {
        var rest = bytes
        var all: [ArraySlice<UInt8>] = []
        while !rest.isEmpty {
            guard let number = PacketNumber.takeLong(&rest) else {
                throw Damage("a number of a signature is not written as it must be")
            }
            all.append(number)
        }
        let bits = Self.largest(algorithm)
        guard all.count == bits.count else { throw Damage("a signature has \(all.count) numbers") }
        for (number, most) in zip(all, bits) where PacketNumber.bits(number) > most {
            throw Damage("a number of a signature has \(PacketNumber.bits(number)) bits, more than \(most)")
        }
        if algorithm == KeyAlgorithm.eddsa, !Self.isBelowOrder(all[1]) {
            throw Damage("the number S of an Ed25519 signature is not below the order of the curve")
        }
        (self.all, self.bytes) = (all, Array(bytes))
    }

    /// In bits, of each number.
    private static func largest(_ algorithm: UInt8) -> [Int] {
        if KeyAlgorithm.rsa.contains(algorithm) { return [KeyAlgorithm.largestModulus] }
        return switch algorithm {
        case KeyAlgorithm.eddsa: [256, 256]
        case KeyAlgorithm.ecdsa: [521, 521]
        default: [KeyAlgorithm.largestModulus, KeyAlgorithm.largestModulus]
        }
    }

    /// Whether S < L, RFC 8032 section 5.1.7. librnp takes S + L for the same signature, so that anybody could make
    /// a second one of each. The bytes are those of a number with the least significant one first.
    private static func isBelowOrder(_ number: ArraySlice<UInt8>) -> Bool {
        guard let bytes = PacketNumber.padded(number, to: 32) else { return false }
        return bytes.reversed().lexicographicallyPrecedes(order)
    }

    /// 2^252 + 27742317777372353535851937790883648493, the most significant byte first.
    private static let order: [UInt8] =
        [0x10] + [UInt8](repeating: 0, count: 15)
        + [0x14, 0xDE, 0xF9, 0xDE, 0xA2, 0xF7, 0x9C, 0xD6, 0x58, 0x12, 0x63, 0x1A, 0x5C, 0xF5, 0xD3, 0xED]
}
