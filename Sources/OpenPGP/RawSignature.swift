import Crypto
import CryptoExtras
import OpenPGPPackets

extension KeyMaterial {
    /// Checks the numbers of a signature without librnp, for the one thing that it cannot be told to take: a
    /// signature that is older than its key, because a clock was set back in between.
    ///
    /// `data` is what was hashed. False also for what swift-crypto does not know: Brainpool curves, and RSA with
    /// SHA-3 or an exponent of more than 33 bits.
    func hasSigned(_ data: [UInt8], _ hash: HashAlgorithm, _ signature: [ArraySlice<UInt8>]) -> Bool {
        switch hash {
        case .sha256: hasSigned(SHA256.hash(data: data), signature, isKnownToRSA: true)
        case .sha384: hasSigned(SHA384.hash(data: data), signature, isKnownToRSA: true)
        case .sha512: hasSigned(SHA512.hash(data: data), signature, isKnownToRSA: true)
        case .sha3Of256: hasSigned(SHA3_256.hash(data: data), signature, isKnownToRSA: false)
        case .sha3Of512: hasSigned(SHA3_512.hash(data: data), signature, isKnownToRSA: false)
        }
    }

    private func hasSigned(
        _ digest: some Digest, _ signature: [ArraySlice<UInt8>], isKnownToRSA: Bool
    ) -> Bool {
        guard let curve else {
            return isKnownToRSA && (try? hasSignedByRSA(digest, signature[0])) == true
        }
        let coordinates = signature.compactMap { PacketNumber.padded($0, to: curve.byteCount) }
        guard coordinates.count == 2 else { return false }
        let raw = coordinates[0] + coordinates[1]
        return (try? curve.isRight(raw, digest, by: Array(numbers[0]))) == true
    }

    private func hasSignedByRSA(_ digest: some Digest, _ signature: ArraySlice<UInt8>) throws -> Bool {
        let key = try _RSA.Signing.PublicKey(n: Array(numbers[0]), e: Array(numbers[1]))
        guard let raw = PacketNumber.padded(signature, to: numbers[0].count) else { return false }
        return key.isValidSignature(
            _RSA.Signing.RSASignature(rawRepresentation: raw), for: digest, padding: .insecurePKCS1v1_5)
    }
}
