import OpenPGPPackets

/// The one packet of an armored detached signature: what can be said before librnp sees it.
struct SignaturePacket {
    let body: SignatureBody
    private let hash: HashAlgorithm

    init(armored: String) throws(SignatureRefusal) {
        guard armored.utf8.count <= VerifiedSignature.limit else {
            throw .tooLarge(limit: VerifiedSignature.limit)
        }
        let packet = try Self.packet(Self.decode(armored))
        // Version, type, public key algorithm, hash algorithm. RFC 9580 section 5.2.3.
        let header = Array(packet.body.prefix(4))
        guard header.count == 4 else { throw .malformed("the signature is cut off") }
        guard header[0] == 4 else { throw .version(Int(header[0])) }
        guard header[1] == Self.binary else { throw .notBinary(type: Int(header[1])) }
        guard let hash = HashAlgorithm(rawValue: header[3]) else { throw .weakHash(Int(header[3])) }
        self.hash = hash
        body = try Self.damaged { () throws(Damage) in try SignatureBody(packet.body) }
    }

    static let binary: UInt8 = 0x00

    /// As librnp gets it: a header of the new form, and nothing that anybody could have added.
    var bytes: [UInt8] { Packets.write(Packets.Tag.signature, body.bytes) }

    /// What was signed with the key: the hash of the text and of what the signature says of itself. Section 5.2.4.
    func digest(of message: [UInt8]) -> [UInt8] { hash.digest([message, body.trailer]) }

    /// Whether it may be a signature of this text; known without a key, and wrong for one text in 65,536.
    func mayFit(_ message: [UInt8]) -> Bool { digest(of: message).starts(with: body.firstBytes) }

    /// Checked without librnp.
    func isRight(_ message: [UInt8], by key: KeyMaterial) -> Bool {
        body.keyAlgorithm == key.algorithm && key.hasSigned(message + body.trailer, hash, body.numbers)
    }

    private static func packet(_ bytes: [UInt8]) throws(SignatureRefusal) -> Packets.Packet {
        let packets = try damaged { () throws(Damage) in try Packets(bytes).all }
            .filter { !Packets.Tag.isIgnored($0.tag) }
        if let other = packets.first(where: { $0.tag != Packets.Tag.signature }) {
            throw .malformed("there is a packet of type \(other.tag), which is no signature")
        }
        guard let packet = packets.first else { throw .none }
        guard packets.count == 1 else { throw .several }
        return packet
    }

    private static func decode(_ armored: String) throws(SignatureRefusal) -> [UInt8] {
        do throws(Armor.Fault) {
            return try Armor.decode(armored, .signature)
        } catch {
            switch error {
            case .notArmored, .privateKey: throw .notArmored
            case .severalBlocks: throw .several
            case .damaged(let fault): throw .malformed(fault)
            }
        }
    }

    private static func damaged<T>(_ body: () throws(Damage) -> T) throws(SignatureRefusal) -> T {
        do throws(Damage) {
            return try body()
        } catch {
            throw .malformed(error.text)
        }
    }
}
