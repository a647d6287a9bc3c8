import Crypto
import Foundation

/// An Ed25519 key whose packets the tests put together themselves, byte by byte, at any time and in any form.
struct HandmadeKey {
    let secret = Curve25519.Signing.PrivateKey()
    let created: UInt64
    /// Bodies of the packets, RFC 9580 section 5.5.2.
    let primary: [UInt8]
    var subkey: [UInt8]
    let userID = Array("handmade".utf8)

    init(created: UInt64 = now() - 1_000) {
        self.created = created
        let head = [4] + number(created, 4)
        primary =
            head + [22, 9, 0x2B, 0x06, 0x01, 0x04, 0x01, 0xDA, 0x47, 0x0F, 0x01] + [1, 7, 0x40]
            + secret.publicKey.rawRepresentation
        subkey =
            head + [18, 10, 0x2B, 0x06, 0x01, 0x04, 0x01, 0x97, 0x55, 0x01, 0x05, 0x01] + [1, 7, 0x40]
            + Curve25519.KeyAgreement.PrivateKey().publicKey.rawRepresentation + [3, 1, 8, 9]
    }

    var fingerprint: [UInt8] {
        Array(Insecure.SHA1.hash(data: [0x99] + number(UInt64(primary.count), 2) + primary))
    }

    /// A signature packet's body. `covered` are subpackets after the time and the issuer.
    func signature(
        _ type: UInt8, of data: [UInt8], at time: UInt64? = nil, covered: [[UInt8]] = [],
        uncovered: [[UInt8]] = [], hash: UInt8 = 8, area more: [UInt8] = []
    ) throws -> [UInt8] {
        let area =
            subpackets([[2] + number(time ?? created, 4), [33, 4] + fingerprint] + covered) + more
        let head = [4, type, 22, hash] + number(UInt64(area.count), 2) + area
        let digest = Self.digest(data + head + [4, 0xFF] + number(UInt64(head.count), 4), hash)
        let raw = try Array(secret.signature(for: digest))
        let advice = subpackets(uncovered)
        return head + number(UInt64(advice.count), 2) + advice + digest.prefix(2)
            + longNumber(raw.prefix(32)) + longNumber(raw.suffix(32))
    }

    func certification(
        at time: UInt64? = nil, covered: [[UInt8]] = [], uncovered: [[UInt8]] = [], hash: UInt8 = 8,
        area: [UInt8] = []
    ) throws -> [UInt8] {
        let data = keyData(primary) + [0xB4] + number(UInt64(userID.count), 4) + userID
        return try signature(
            0x13, of: data, at: time, covered: (area.isEmpty ? [[27, 3]] : []) + covered,
            uncovered: uncovered, hash: hash, area: area)
    }

    static func subpacketsWithFiveBytes(_ all: [[UInt8]]) -> [UInt8] {
        all.flatMap { [255] + number(UInt64($0.count), 4) + $0 }
    }

    func binding(at time: UInt64? = nil, covered: [[UInt8]] = []) throws -> [UInt8] {
        try signature(
            0x18, of: keyData(primary) + keyData(subkey), at: time, covered: [[27, 0x0C]] + covered)
    }

    /// The tags and bodies of all packets.
    func packets(certifications: [[UInt8]]? = nil) throws -> [(tag: UInt8, body: [UInt8])] {
        let certifications = try certifications ?? [certification()]
        return [(6, primary), (13, userID)] + certifications.map { (2, $0) }
            + [(14, subkey), (2, try binding())]
    }

    func armored(certifications: [[UInt8]]? = nil) throws -> String {
        armor(
            try packets(certifications: certifications).flatMap { packet($0.tag, $0.body) },
            "PUBLIC KEY BLOCK")
    }

    func sign(_ text: [UInt8], at time: UInt64? = nil, hash: UInt8 = 8) throws -> [UInt8] {
        try signature(0x00, of: text, at: time ?? now(), hash: hash)
    }

    private func keyData(_ body: [UInt8]) -> [UInt8] { [0x99] + number(UInt64(body.count), 2) + body }

    private static func digest(_ data: [UInt8], _ hash: UInt8) -> [UInt8] {
        hash == 2 ? Array(Insecure.SHA1.hash(data: data)) : Array(SHA256.hash(data: data))
    }
}

/// The most significant byte first.
func number(_ number: UInt64, _ count: Int) -> [UInt8] {
    (0..<count).reversed().map { UInt8(truncatingIfNeeded: number >> (8 * $0)) }
}

/// RFC 9580 section 3.2.
func longNumber(_ bytes: some Sequence<UInt8>) -> [UInt8] {
    let digits = Array(bytes.drop { $0 == 0 })
    return number(UInt64(digits.count * 8 - (digits.first?.leadingZeroBitCount ?? 0)), 2) + digits
}

/// How long a packet says it is: in the new form with one or five bytes, in the old one with one, two or four.
enum LengthForm: CaseIterable {
    case new, newFive, oldOne, oldTwo, oldFour
}

func packet(_ tag: UInt8, _ body: [UInt8], _ form: LengthForm = .newFive) -> [UInt8] {
    let count = UInt64(body.count)
    let header: [UInt8] =
        switch form {
        case .new where count < 192: [0xC0 | tag, UInt8(count)]
        case .oldOne where count < 256 && tag < 16: [0x80 | tag << 2, UInt8(count)]
        case .oldTwo where tag < 16: [0x81 | tag << 2] + number(count, 2)
        case .oldFour where tag < 16: [0x82 | tag << 2] + number(count, 4)
        default: [0xC0 | tag, 255] + number(count, 4)
        }
    return header + body
}

private func subpackets(_ all: [[UInt8]]) -> [UInt8] { all.flatMap { [UInt8($0.count)] + $0 } }
