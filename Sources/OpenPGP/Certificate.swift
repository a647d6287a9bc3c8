/// A device's public key, checked and loaded, alone in a handle of its own.
final class Certificate {
    let handle: LibraryHandle
    let device: DeviceKey
    let packets: PublicKeyPackets
    /// When the first of the keys that count expires, in seconds since 1970: after that it must be loaded anew.
    let validUntil: UInt64

    init(armored: String, time: UInt64) throws(KeyRefusal) {
        packets = try PublicKeyPackets(armored: armored, time: time)
        // librnp takes nothing that was made in its future: its clock goes as far ahead as the device's.
        let time = max(time, packets.newest)
        let handle = try Self.load(packets, time: time)
        guard let primary = handle.primary() else { throw .malformed("it has no primary key") }
        try Self.check(primary, time: time)
        let usable = try Self.usableKeys(primary, time: time)
        let signers = usable.filter(\.maySign)
        try Self.checkSignatures(primary, count: packets.signatureCount)
        guard !signers.isEmpty else { throw .noSigningKey }
        validUntil = min(usable.map(\.validUntil).min() ?? 0, packets.signaturesExpire)
        device = DeviceKey(
            fingerprint: primary.fingerprint, signingFingerprints: signers.map(\.fingerprint),
            canEncrypt: primary.encryptionKey(at: time) != nil)
        self.handle = handle
    }

    /// Whether a signature by the key with this fingerprint counts.
    func maySign(_ fingerprint: String) -> Bool {
        device.signingFingerprints.contains(fingerprint)
    }

    private static func load(_ packets: PublicKeyPackets, time: UInt64) throws(KeyRefusal) -> LibraryHandle {
        do throws(OpenPGPError) {
            let handle = try LibraryHandle.make(time: time)
            try handle.importKeys(packets.bytes, secret: false)
            // A key that was skipped or merged into another is not what its owner meant.
            guard handle.publicKeyCount == packets.keys.count, handle.secretKeyCount == 0 else {
                throw OpenPGPError.noSecretKey
            }
            return handle
        } catch {
            throw .malformed("librnp cannot read its packets, or takes two keys in it for one")
        }
    }

    private static func check(_ primary: borrowing Key, time: UInt64) throws(KeyRefusal) {
        if let weakness = primary.weakness { throw .weakAlgorithm(weakness) }
        if primary.isRevoked { throw .revoked }
        if primary.isExpired { throw .expired }
        guard primary.isValid else {
            if let hash = primary.weakHash { throw .weakSelfSignature(hash) }
            throw .noValidSelfSignature
        }
        guard primary.isUsable(at: time) else { throw .expired }
    }

    private typealias Usable = (fingerprint: String, maySign: Bool, validUntil: UInt64)

    /// The primary and its valid subkeys. A weak key that is valid for anything is refused.
    private static func usableKeys(_ primary: borrowing Key, time: UInt64) throws(KeyRefusal) -> [Usable] {
        var usable = [(primary.fingerprint, primary.allows("sign"), primary.validUntil)]
        for index in 0..<primary.subkeyCount {
            guard let key = primary.subkey(index), key.isUsable(at: time) else { continue }
            if let weakness = key.weakness { throw .weakAlgorithm(weakness) }
            usable.append((key.fingerprint, key.allows("sign"), key.validUntil))
        }
        return usable
    }

    /// Every signature in it is right, whether it counts for something or not: what is not covered by one could
    /// be changed on its way.
    private static func checkSignatures(_ primary: borrowing Key, count: Int) throws(KeyRefusal) {
        var signatures = primary.signatures
        for index in 0..<primary.subkeyCount {
            guard let key = primary.subkey(index) else { throw .library }
            signatures += key.signatures
        }
        for signature in signatures where !signature.isRight {
            let isWeak = LibraryHandle.weakHashes.contains(signature.hash)
            throw isWeak ? .weakSelfSignature(signature.hash) : .notSelfSigned
        }
        // librnp takes a signature that is there twice as one.
        guard signatures.count == count else { throw .malformed("a signature is there twice") }
    }
}
