public import Foundation
import OpenPGPPackets

/// A device's OpenPGP key of version 4: a primary key that signs, and a subkey that messages are encrypted to.
///
/// Whoever has the two secrets and the time can make it again: these three are what an app keeps.
public struct DeviceKey: Sendable {
    public let signer: any Signer
    public let decrypter: any Decrypter
    /// To the second, by the server's clock: `Client.now()`.
    public let created: Date
    /// 40 hexadecimal digits in upper case.
    public let fingerprint: String

    let primary: KeyPacket
    let subkey: KeyPacket

    public init(signer: any Signer, decrypter: any Decrypter, created: Date) {
        self.signer = signer
        self.decrypter = decrypter
        let seconds = UInt64(max(0, created.timeIntervalSince1970))
        self.created = Date(timeIntervalSince1970: TimeInterval(seconds))
        primary = KeyPacket(signer.publicKey, created: seconds)
        subkey = KeyPacket(decrypter.publicKey, created: seconds)
        fingerprint = PacketNumber.hexadecimal(primary.fingerprint)
    }

    /// The public key in ASCII armor, for enrolling.
    ///
    /// - Parameter name: what others see as its owner: 1 to 128 bytes, as the device's id.
    /// - Throws: what the signer throws.
    public func certificate(name: String) async throws -> String {
        let userID = Array(name.utf8)
        let certified = primary.hashed + [0xB4] + PacketNumber.bytes(userID.count, 4) + userID
        let packets =
            Packets.write(Packets.Tag.publicKey, primary.body) + Packets.write(Packets.Tag.userID, userID)
            + (try await sign(certified, SignatureType.certification, at: seconds, Self.abilities))
            + Packets.write(Packets.Tag.publicSubkey, subkey.body)
            + (try await sign(
                primary.hashed + subkey.hashed, SignatureType.binding, at: seconds,
                Subpackets.write(Subpackets.Kind.keyFlags, [0x0C])))
        return Armor.encode(packets, .publicKey)
    }

    /// A detached signature of type 0x00 in ASCII armor.
    func sign(_ text: [UInt8], at time: Date) async throws -> String {
        let seconds = UInt64(max(0, time.timeIntervalSince1970))
        return Armor.encode(try await sign(text, SignatureType.binary, at: seconds, []), .signature)
    }

    private var seconds: UInt64 { UInt64(created.timeIntervalSince1970) }

    private func sign(
        _ data: [UInt8], _ type: UInt8, at seconds: UInt64, _ subpackets: [UInt8]
    ) async throws -> [UInt8] {
        let draft = SignatureDraft(
            type: type, algorithm: primary.algorithm, created: seconds, fingerprint: primary.fingerprint,
            subpackets: subpackets)
        let raw = Array(try await signer.signature(for: draft.digest(of: data)))
        return draft.packet(of: data, [raw.prefix(32), raw.dropFirst(32)])
    }

    /// It certifies and signs; AES-256, SHA-256, no compression; messages with integrity protection (MDC).
    private static let abilities =
        Subpackets.write(Subpackets.Kind.keyFlags, [0x03]) + Subpackets.write(Subpackets.Kind.ciphers, [9])
        + Subpackets.write(Subpackets.Kind.hashes, [8]) + Subpackets.write(Subpackets.Kind.compressions, [0])
        + Subpackets.write(Subpackets.Kind.features, [0x01])
}

/// RFC 9580 section 5.2.1.
enum SignatureType {
    static let binary: UInt8 = 0x00
    static let certification: UInt8 = 0x13
    static let binding: UInt8 = 0x18
}
