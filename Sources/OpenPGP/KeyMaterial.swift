import OpenPGPPackets

/// A public key or subkey packet of version 4, RFC 9580 section 5.5.2, before librnp sees it: whatever would make
/// librnp work for seconds is refused here, by its size alone.
///
/// An RSA exponent of 12,000 bits made each check of a signature take 10 s of a core.
struct KeyMaterial {
    /// In bits.
    static let largestExponent = 64

    /// In seconds since 1970.
    let created: UInt64
    let algorithm: UInt8
    /// The modulus and the exponent, or the point.
    let numbers: [ArraySlice<UInt8>]
    /// Nil for RSA.
    let curve: Curve?
    /// 40 hex digits, in upper case.
    let fingerprint: String

    init(_ body: ArraySlice<UInt8>) throws(KeyRefusal) {
        guard body.first == 4 else { throw .version(Int(body.first ?? 0)) }
        var rest = body.dropFirst()
        guard let created = PacketNumber.take(&rest, bytes: 4), let algorithm = rest.popFirst() else {
            throw .malformed("a key or subkey is cut off")
        }
        (self.created, self.algorithm) = (UInt64(created), algorithm)
        if KeyAlgorithm.rsa.contains(algorithm) {
            (curve, numbers) = (nil, try Self.rsa(&rest))
        } else {
            let (curve, point) = try Self.elliptic(algorithm, &rest)
            (self.curve, numbers) = (curve, [point])
        }
        if algorithm == KeyAlgorithm.ecdh, !Self.takeKeyDerivation(&rest) {
            throw .malformed("an ECDH subkey does not say how its keys are derived")
        }
        guard rest.isEmpty else {
            throw .malformed("there is something after the numbers of a key or subkey")
        }
        fingerprint = PacketNumber.hexadecimal(Packets.fingerprint(ofKey: body))
    }

    private static func rsa(_ rest: inout ArraySlice<UInt8>) throws(KeyRefusal) -> [ArraySlice<UInt8>] {
        guard let modulus = PacketNumber.takeLong(&rest), let exponent = PacketNumber.takeLong(&rest) else {
            throw .malformed("a number of an RSA key is not written as it must be")
        }
        guard PacketNumber.bits(modulus) <= KeyAlgorithm.largestModulus else {
            throw .costly(
                "an RSA modulus of \(PacketNumber.bits(modulus)) bits",
                limit: "\(KeyAlgorithm.largestModulus) bits")
        }
        guard PacketNumber.bits(exponent) <= largestExponent else {
            throw .costly(
                "an RSA exponent of \(PacketNumber.bits(exponent)) bits", limit: "\(largestExponent) bits")
        }
        // 65537 is what everybody uses; 1 would make everything its own signature.
        guard isOdd(modulus), isOdd(exponent), exponent != [1] else {
            throw .malformed("the modulus and the exponent of an RSA key must be odd, the exponent above 1")
        }
        return [modulus, exponent]
    }

    private static func isOdd(_ number: ArraySlice<UInt8>) -> Bool {
        number.last.map { $0 & 1 == 1 } ?? false
    }

    private static func elliptic(
        _ algorithm: UInt8, _ rest: inout ArraySlice<UInt8>
    ) throws(KeyRefusal) -> (Curve, ArraySlice<UInt8>) {
        guard [KeyAlgorithm.ecdh, KeyAlgorithm.ecdsa, KeyAlgorithm.eddsa].contains(algorithm) else {
            throw .weakAlgorithm(KeyAlgorithm.name(algorithm))
        }
        guard let count = PacketNumber.take(&rest, bytes: 1), count <= rest.count else {
            throw .malformed("a key or subkey does not name its curve")
        }
        let identifier = rest.prefix(count)
        rest = rest.dropFirst(count)
        guard let curve = Curve(identifier: identifier), curve.serves(algorithm) else {
            let name = Curve(identifier: identifier)?.rawValue ?? Curve.refusedName(identifier)
            throw .weakAlgorithm("\(KeyAlgorithm.name(algorithm)) on \(name)")
        }
        guard let point = PacketNumber.takeLong(&rest), curve.hasForm(of: point) else {
            throw .malformed("a point of a key or subkey is not written as on \(curve.rawValue)")
        }
        guard curve != .ed25519 || !Curve.isOfSmallOrder(point.dropFirst()) else {
            throw .weakAlgorithm("Ed25519 with a point of small order")
        }
        return (curve, point)
    }

    /// Section 11.5: how many bytes follow, 1, and the numbers of a hash function and of a cipher.
    private static func takeKeyDerivation(_ rest: inout ArraySlice<UInt8>) -> Bool {
        guard rest.count >= 4, rest.first == 3, rest.dropFirst().first == 1 else { return false }
        rest = rest.dropFirst(4)
        return true
    }
}

extension Curve {
    fileprivate func serves(_ algorithm: UInt8) -> Bool {
        switch self {
        case .ed25519: algorithm == KeyAlgorithm.eddsa
        case .curve25519: algorithm == KeyAlgorithm.ecdh
        default: algorithm == KeyAlgorithm.ecdh || algorithm == KeyAlgorithm.ecdsa
        }
    }
}
