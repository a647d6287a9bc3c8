import Foundation
import OpenPGPPackets

/// The body of a public key or subkey packet of version 4, RFC 9580 section 5.5.2.
struct KeyPacket: Sendable {
    let algorithm: UInt8
    let body: [UInt8]

    init(_ key: SigningPublicKey, created: UInt64) {
        switch key {
        case .ed25519(let point):
            self.init(KeyAlgorithm.eddsa, .ed25519, [0x40] + Array(point), created: created)
        case .p256(let point): self.init(KeyAlgorithm.ecdsa, .p256, Array(point), created: created)
        }
    }

    init(_ key: AgreementPublicKey, created: UInt64) {
        self.init(
            KeyAlgorithm.ecdh, key.curve, key.point, created: created, derivation: KeyDerivation.bytes)
    }

    private init(
        _ algorithm: UInt8, _ curve: Curve, _ point: [UInt8], created: UInt64, derivation: [UInt8] = []
    ) {
        self.algorithm = algorithm
        body =
            [4] + PacketNumber.bytes(Int(created), 4) + [algorithm, UInt8(curve.identifier.count)]
            + curve.identifier + PacketNumber.long(point) + derivation
    }

    var fingerprint: [UInt8] { Packets.fingerprint(ofKey: body) }

    /// How it goes into what a signature covers.
    var hashed: [UInt8] { Packets.hashed(key: body) }
}

extension AgreementPublicKey {
    var curve: Curve {
        switch self {
        case .curve25519: .curve25519
        case .p256: .p256
        }
    }

    /// As OpenPGP writes it, section 11.2.
    var point: [UInt8] {
        switch self {
        case .curve25519(let point): [0x40] + Array(point)
        case .p256(let point): Array(point)
        }
    }
}
