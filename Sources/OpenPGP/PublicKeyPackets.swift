/// The packets of exactly one armored public key of version 4: what can be said before librnp sees it.
struct PublicKeyPackets {
    let bytes: [UInt8]
    /// The primary and its subkeys.
    let keyCount: Int
    let signatureCount: Int

    init(armored: String) throws(KeyRefusal) {
        guard armored.utf8.count <= DeviceKey.limit else { throw .tooLarge(limit: DeviceKey.limit) }
        bytes = try Self.decode(armored)
        guard let packets = Packets(bytes)?.all, let first = packets.first else { throw .malformed }
        let tags = packets.map(\.tag)
        guard !tags.contains(Packets.Tag.secretKey), !tags.contains(Packets.Tag.secretSubkey) else {
            throw .secretKey
        }
        guard first.tag == Packets.Tag.publicKey else { throw .malformed }
        guard tags.count(where: { $0 == Packets.Tag.publicKey }) == 1 else { throw .severalKeys }
        guard tags.allSatisfy(Self.allowed.contains) else { throw .malformed }
        guard tags.contains(Packets.Tag.userID) else { throw .noUserID }
        let keys = packets.filter { [Packets.Tag.publicKey, Packets.Tag.publicSubkey].contains($0.tag) }
        for key in keys where key.body.first != 4 { throw .version(Int(key.body.first ?? 0)) }
        keyCount = keys.count
        signatureCount = try Self.countSignatures(packets)
    }

    /// Each user ID and subkey has one. Whether they are right is for librnp to say.
    private static func countSignatures(_ packets: [Packets.Packet]) throws(KeyRefusal) -> Int {
        var count = 0
        for (packet, next) in zip(packets, packets.dropFirst() + packets.prefix(1)) {
            if packet.tag == Packets.Tag.signature {
                guard SignatureBody(packet.body) != nil else { throw .malformed }
                count += 1
            } else if packet.tag != Packets.Tag.publicKey, next.tag != Packets.Tag.signature {
                throw .notSelfSigned
            }
        }
        return count
    }

    private static let allowed: Set<UInt8> = [
        Packets.Tag.publicKey, Packets.Tag.publicSubkey, Packets.Tag.userID, Packets.Tag.userAttribute,
        Packets.Tag.signature,
    ]

    private static func decode(_ armored: String) throws(KeyRefusal) -> [UInt8] {
        do throws(Armor.Fault) {
            return try Armor.decode(armored, .publicKey)
        } catch {
            switch error {
            case .notArmored: throw .notArmored
            case .severalBlocks: throw .severalKeys
            case .privateKey: throw .secretKey
            case .damaged: throw .malformed
            }
        }
    }
}
