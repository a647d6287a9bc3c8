/// The elliptic curves that device keys may use, by their object identifiers. RFC 9580 section 9.2.
///
/// Checking a signature on the slowest of them takes librnp 1.0 ms, encrypting to it 1.7 ms.
package enum Curve: String, CaseIterable {
    case ed25519 = "Ed25519"
    case curve25519 = "Curve25519"
    case p256 = "NIST P-256"
    case p384 = "NIST P-384"
    case p521 = "NIST P-521"
    case brainpool256 = "brainpoolP256r1"
    case brainpool384 = "brainpoolP384r1"
    case brainpool512 = "brainpoolP512r1"

    package init?(identifier: ArraySlice<UInt8>) {
        guard let curve = Self.allCases.first(where: { identifier.elementsEqual($0.identifier) }) else {
            return nil
        }
        self = curve
    }

    package var identifier: [UInt8] {
        switch self {
        case .ed25519: [0x2B, 0x06, 0x01, 0x04, 0x01, 0xDA, 0x47, 0x0F, 0x01]
        case .curve25519: [0x2B, 0x06, 0x01, 0x04, 0x01, 0x97, 0x55, 0x01, 0x05, 0x01]
        case .p256: [0x2A, 0x86, 0x48, 0xCE, 0x3D, 0x03, 0x01, 0x07]
        case .p384: [0x2B, 0x81, 0x04, 0x00, 0x22]
        case .p521: [0x2B, 0x81, 0x04, 0x00, 0x23]
        case .brainpool256: Self.brainpool + [0x07]
        case .brainpool384: Self.brainpool + [0x0B]
        case .brainpool512: Self.brainpool + [0x0D]
        }
    }

    private static let brainpool: [UInt8] = [0x2B, 0x24, 0x03, 0x03, 0x02, 0x08, 0x01, 0x01]

    /// Of a coordinate.
    package var byteCount: Int {
        switch self {
        case .ed25519, .curve25519, .p256, .brainpool256: 32
        case .p384, .brainpool384: 48
        case .brainpool512: 64
        case .p521: 66
        }
    }

    /// Whether a point is written as on this curve: `0x40` and one coordinate, or `0x04` and both. Section 11.2.
    package func hasForm(of point: ArraySlice<UInt8>) -> Bool {
        let isMontgomery = self == .ed25519 || self == .curve25519
        return isMontgomery
            ? point.first == 0x40 && point.count == 33
            : point.first == 0x04 && point.count == 1 + 2 * byteCount
    }

    /// Curves that this program knows the name of, but takes no key on.
    package static func refusedName(_ identifier: ArraySlice<UInt8>) -> String {
        switch Array(identifier) {
        case [0x2B, 0x81, 0x04, 0x00, 0x0A]: "secp256k1"
        case [0x2B, 0x65, 0x71]: "Ed448"
        case [0x2B, 0x65, 0x6F]: "X448"
        default: "an unknown curve"
        }
    }
}
