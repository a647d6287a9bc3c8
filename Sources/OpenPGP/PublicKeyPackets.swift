import OpenPGPPackets

/// The packets of exactly one armored public key of version 4: what can be said before librnp sees it.
///
/// What means nothing to a public key, as markers, padding, trust and private packets, is left out, and so is what
/// counts for nothing any more. librnp gets the rest in one form.
struct PublicKeyPackets {
    /// Of each of user IDs and subkeys.
    static let mostParts = 16
    /// Checking one takes up to 1 ms: that is what loading a key may cost, again whenever it is not in the cache.
    static let mostSignatures = 32

    let bytes: [UInt8]
    /// The primary and its subkeys.
    let keys: [KeyMaterial]
    let signatureCount: Int
    /// The latest time that anything in it says it was made at.
    let newest: UInt64
    /// When the first of its signatures expires, in seconds since 1970.
    let signaturesExpire: UInt64

    init(armored: String, time: UInt64) throws(KeyRefusal) {
        guard armored.utf8.count <= DeviceKey.limit else { throw .tooLarge(limit: DeviceKey.limit) }
        let all = try Self.components(Self.packets(Self.decode(armored)))
        let components = all.map { $0.withoutIdle(at: time) }.filter {
            $0.isPrimary || !$0.signatures.isEmpty
        }
        // Each user ID and subkey had a signature: what is left without one had expired ones.
        guard components.contains(where: { !$0.isKey }) else { throw .expired }
        let keys = try Self.materials(components)
        let signatures = components.flatMap(\.signatures)
        let newest = (keys.map(\.created) + signatures.map(\.created)).max() ?? 0
        guard newest <= time + LibraryHandle.clockSkew else { throw .madeAhead(newest, now: time) }
        bytes = components.flatMap(\.bytes)
        signatureCount = signatures.count
        signaturesExpire =
            signatures.filter { $0.lifetime > 0 && !$0.isRevocation }.map { $0.created + $0.lifetime }.min()
            ?? .max
        (self.keys, self.newest) = (keys, newest)
    }

    private static func packets(_ bytes: [UInt8]) throws(KeyRefusal) -> [Packets.Packet] {
        let packets = try damaged { () throws(Damage) in try Packets(bytes).all }
        guard
            !packets.contains(where: { [Packets.Tag.secretKey, Packets.Tag.secretSubkey].contains($0.tag) })
        else { throw .secretKey }
        return packets
    }

    private static func components(_ packets: [Packets.Packet]) throws(KeyRefusal) -> [KeyComponent] {
        var components: [KeyComponent] = []
        for (index, packet) in packets.enumerated() where !Packets.Tag.isIgnored(packet.tag) {
            if packet.tag == Packets.Tag.publicKey, !components.isEmpty { throw .severalKeys }
            if packet.tag == Packets.Tag.signature, !components.isEmpty {
                components[components.count - 1].append(
                    try damaged("packet \(index + 1): ") { () throws(Damage) in try SignatureBody(packet.body)
                    })
            } else if parts.contains(packet.tag), components.isEmpty == (packet.tag == Packets.Tag.publicKey)
            {
                components.append(KeyComponent(packet))
            } else {
                throw .malformed(
                    "packet \(index + 1), of type \(packet.tag), does not belong there in a public key")
            }
        }
        try checkCounts(components)
        return components
    }

    private static func checkCounts(_ components: [KeyComponent]) throws(KeyRefusal) {
        guard !components.isEmpty else { throw .malformed("it is empty") }
        guard components.contains(where: { $0.packet.tag == Packets.Tag.userID }) else { throw .noUserID }
        let userIDs = components.count { !$0.isKey }
        guard userIDs <= mostParts else { throw .costly("\(userIDs) user IDs", limit: "\(mostParts)") }
        let subkeys = components.count - userIDs - 1
        guard subkeys <= mostParts else { throw .costly("\(subkeys) subkeys", limit: "\(mostParts)") }
        let checks = components.reduce(0) { $0 + $1.checkCount }
        guard checks <= mostSignatures else {
            throw .costly("\(checks) signatures", limit: "\(mostSignatures)")
        }
        guard components.allSatisfy({ $0.isPrimary || !$0.signatures.isEmpty }) else { throw .notSelfSigned }
    }

    private static func materials(_ components: [KeyComponent]) throws(KeyRefusal) -> [KeyMaterial] {
        var keys: [KeyMaterial] = []
        for component in components where component.isKey {
            keys.append(try KeyMaterial(component.packet.body))
        }
        return keys
    }

    private static let parts: Set<UInt8> = [
        Packets.Tag.publicKey, Packets.Tag.publicSubkey, Packets.Tag.userID, Packets.Tag.userAttribute,
    ]

    private static func decode(_ armored: String) throws(KeyRefusal) -> [UInt8] {
        do throws(Armor.Fault) {
            return try Armor.decode(armored, .publicKey)
        } catch {
            switch error {
            case .notArmored: throw .notArmored
            case .severalBlocks: throw .severalKeys
            case .privateKey: throw .secretKey
            case .damaged(let fault): throw .malformed(fault)
            }
        }
    }

    private static func damaged<T>(
        _ place: String = "", _ body: () throws(Damage) -> T
    ) throws(KeyRefusal) -> T {
        do throws(Damage) {
            return try body()
        } catch {
            throw .malformed(place + error.text)
        }
    }
}
