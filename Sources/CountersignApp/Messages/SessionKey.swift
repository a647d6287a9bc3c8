import Crypto
import Foundation
import OpenPGPPackets

/// The session key packet of a message, version 3, to one ECDH subkey. RFC 9580 sections 5.1.1 and 5.1.5.
struct SessionKeyPacket {
    /// The last 8 bytes of the recipient's fingerprint.
    let recipient: ArraySlice<UInt8>
    let point: ArraySlice<UInt8>
    let wrapped: ArraySlice<UInt8>

    init?(_ body: [UInt8]) {
        guard body.count > 10, body[0] == 3, body[9] == KeyAlgorithm.ecdh else { return nil }
        recipient = body[1..<9]
        var rest = body[10...]
        guard let point = PacketNumber.takeLong(&rest), let count = rest.popFirst(), rest.count == count
        else {
            return nil
        }
        (self.point, wrapped) = (point, rest)
    }
}

extension SessionKeyPacket {
    /// The key of the message's cipher, which is always AES.
    func open(_ key: DeviceKey) async throws -> SymmetricKey? {
        let publicKey = key.decrypter.publicKey
        guard publicKey.curve.hasForm(of: point), let coordinates = publicKey.coordinates(point) else {
            return nil
        }
        let secret = try await key.decrypter.sharedSecret(with: coordinates)
        let wrapping = KeyDerivation.wrappingKey(secret, key.subkey, publicKey.curve)
        guard let padded = try? AES.KeyWrap.unwrap(Data(wrapped), using: wrapping) else { return nil }
        // Section 11.5: bytes of padding that say how many they are.
        let bytes = unsafe padded.withUnsafeBytes { unsafe Array($0) }
        guard let count = bytes.last, 1...8 ~= count, bytes.suffix(Int(count)).allSatisfy({ $0 == count })
        else { return nil }
        return Self.read(bytes.dropLast(Int(count)))
    }

    /// The cipher's number, the key, and the sum of its bytes.
    private static func read(_ bytes: ArraySlice<UInt8>) -> SymmetricKey? {
        let sizes: [UInt8: Int] = [7: 16, 8: 24, 9: 32]
        guard let cipher = bytes.first, let size = sizes[cipher], bytes.count == size + 3 else { return nil }
        let key = bytes.dropFirst().prefix(size)
        let sum = key.reduce(0) { ($0 + Int($1)) & 0xFFFF }
        guard PacketNumber.bytes(sum, 2)[...] == bytes.suffix(2) else { return nil }
        return SymmetricKey(data: Data(key))
    }
}

extension AgreementPublicKey {
    /// As the decrypter takes it. Nil for a second way to write a point, RFC 7748 section 5.
    fileprivate func coordinates(_ point: ArraySlice<UInt8>) -> Data? {
        switch self {
        case .curve25519: (point.last ?? 0x80) & 0x80 == 0 ? Data(point.dropFirst()) : nil
        case .p256: Data(point)
        }
    }
}
