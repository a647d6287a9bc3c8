import Crypto
import Foundation
import OpenPGPPackets

/// The server's primary key, by which its messages are known. It came with the enrollment, over TLS: that it is the
/// server's is known from there, and no signature in it could say more.
struct ServerKey {
    private let curve: Curve
    private let algorithm: UInt8
    private let point: ArraySlice<UInt8>
    private let fingerprint: String

    /// Nil unless it is one public key of version 4 on Ed25519 or P-256.
    init?(armored: String) {
        guard let bytes = try? Armor.decode(armored, .publicKey), let packets = try? Packets(bytes).all,
            let body = packets.first?.body, packets.first?.tag == Packets.Tag.publicKey,
            packets.count(where: { $0.tag == Packets.Tag.publicKey }) == 1
        else { return nil }
        var rest = body.dropFirst(5)
        guard body.first == 4, let algorithm = rest.popFirst(), let count = rest.popFirst(),
            count <= rest.count
        else { return nil }
        let curve = Curve(identifier: rest.prefix(Int(count)))
        rest = rest.dropFirst(Int(count))
        guard let curve, [.ed25519, .p256].contains(curve), let point = PacketNumber.takeLong(&rest),
            rest.isEmpty, curve.hasForm(of: point)
        else { return nil }
        (self.curve, self.algorithm, self.point) = (curve, algorithm, point)
        fingerprint = PacketNumber.hexadecimal(Packets.fingerprint(ofKey: body))
    }

    func hasSigned(_ text: [UInt8], _ signature: SignatureBody) -> Bool {
        guard signature.keyAlgorithm == algorithm, signature.issuer?.isKey(fingerprint) == true else {
            return false
        }
        let data = text + signature.trailer
        return switch HashAlgorithm(rawValue: signature.hash) {
        case .sha256: isRight(signature, SHA256.hash(data: data))
        case .sha384: isRight(signature, SHA384.hash(data: data))
        case .sha512: isRight(signature, SHA512.hash(data: data))
        default: false
        }
    }

    private func isRight(_ signature: SignatureBody, _ digest: some Digest) -> Bool {
        let numbers = signature.numbers.compactMap { PacketNumber.padded($0, to: curve.byteCount) }
        guard numbers.count == 2 else { return false }
        return (try? curve.isRight(numbers[0] + numbers[1], digest, by: Array(point))) == true
    }
}
