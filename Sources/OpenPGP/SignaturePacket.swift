/// The one packet of an armored detached signature: what can be said before librnp sees it.
struct SignaturePacket {
    let bytes: [UInt8]

    init(armored: String) throws(SignatureRefusal) {
        guard armored.utf8.count <= VerifiedSignature.limit else {
            throw .tooLarge(limit: VerifiedSignature.limit)
        }
        bytes = try Self.decode(armored)
        guard let packets = Packets(bytes)?.all else { throw .malformed }
        guard packets.allSatisfy({ $0.tag == Packets.Tag.signature }) else { throw .malformed }
        guard let packet = packets.first else { throw .none }
        guard packets.count == 1 else { throw .several }
        // Version, type, public key algorithm, hash algorithm. RFC 9580 section 5.2.3.
        let header = Array(packet.body.prefix(4)).map { Int($0) }
        guard header.count == 4 else { throw .malformed }
        guard header[0] == 4 else { throw .version(header[0]) }
        guard header[1] == Self.binary else { throw .notBinary(type: header[1]) }
        guard Self.hashes.contains(header[3]) else { throw .weakHash(header[3]) }
        guard SignatureBody(packet.body) != nil else { throw .malformed }
    }

    static let binary = 0x00

    /// SHA-256, SHA-384, SHA-512, SHA3-256, SHA3-512. RFC 9580 section 9.5.
    private static let hashes: Set<Int> = [8, 9, 10, 12, 14]

    private static func decode(_ armored: String) throws(SignatureRefusal) -> [UInt8] {
        do throws(Armor.Fault) {
            return try Armor.decode(armored, .signature)
        } catch {
            switch error {
            case .notArmored, .privateKey: throw .notArmored
            case .severalBlocks: throw .several
            case .damaged: throw .malformed
            }
        }
    }
}
