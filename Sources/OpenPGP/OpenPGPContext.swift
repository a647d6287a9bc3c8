import Synchronization

/// All OpenPGP work of one task, with the device keys it has loaded.
///
/// librnp does not lock. One task owns a context; should a second one use it all the same, it waits.
package final class OpenPGPContext: Sendable {
    private let loaded: Mutex<CertificateCache>
    private let clock: @Sendable () -> UInt64
    private let budget: KeyCost

    /// `capacity` is how many device keys stay loaded, `clock` the time in seconds since 1970, `budget` what a new
    /// key may cost.
    package init(
        capacity: Int = 1000, budget: KeyCost = .budget,
        clock: @escaping @Sendable () -> UInt64 = OpenPGPContext.systemTime
    ) throws(OpenPGPError) {
        try LibraryCheck.ready.get()
        loaded = Mutex(CertificateCache(capacity: capacity))
        (self.budget, self.clock) = (budget, clock)
    }

    package static func systemTime() -> UInt64 { OpenPGP.systemTime() }

    /// How many device keys are loaded.
    package var loadedKeys: Int { loaded.withLock { $0.count } }

    /// A new pair, unprotected, that does not expire. `userID` is what other programs show as its name.
    package func generateKeyPair(
        userID: String, algorithm: KeyPair.Algorithm = .ed25519
    ) throws(OpenPGPError) -> KeyPair {
        try KeyPair(userID: userID, algorithm: algorithm, time: clock())
    }

    /// Accepts a device's armored public key, or says what is wrong with it. What it costs to work with it is
    /// measured here, and not again when it is used.
    package func inspect(publicKey: String) throws(KeyRefusal) -> DeviceKey {
        try withCertificate(publicKey, refusal: { $0 }) { certificate, time throws(KeyRefusal) in
            try certificate.checkCost(budget, time: time)
            return certificate.device
        }
    }

    /// Checks a detached signature: exactly one, of exactly these bytes, by a key of `publicKey` that is valid
    /// now.
    package func verify(
        signature: String, message: [UInt8], by publicKey: String
    ) throws(SignatureRefusal) -> VerifiedSignature {
        try withCertificate(publicKey, refusal: SignatureRefusal.key) {
            certificate, time throws(SignatureRefusal) in
            try certificate.verify(SignaturePacket(armored: signature), of: message, at: time)
        }
    }

    /// Which of some texts an armored signature may be one of, by whatever key: known by the first bytes of the hash
    /// that it carries, and wrong for one text in 65,536.
    package static func text(of signature: String, among messages: [[UInt8]]) -> Int? {
        guard let packet = try? SignaturePacket(armored: signature) else { return nil }
        return messages.firstIndex { packet.mayFit($0) }
    }

    /// A detached, armored signature of type 0x00.
    package func sign(_ message: [UInt8], with secretKey: [UInt8]) throws(OpenPGPError) -> String {
        try OpenPGP.sign(message, with: secretKey, time: clock())
    }

    /// An armored message to `publicKey`, signed if `secretKey` is given. At most `EncryptedMessage.textLimit`
    /// bytes.
    package func encrypt(
        _ plaintext: [UInt8], to publicKey: String, signedBy secretKey: [UInt8]?
    ) throws(OpenPGPError) -> String {
        try withCertificate(publicKey, refusal: OpenPGPError.recipient) {
            certificate, time throws(OpenPGPError) in
            try OpenPGP.encrypt(plaintext, to: certificate, signedBy: secretKey, time: time)
        }
    }

    /// Whether anything at all can be encrypted to that key. Fails when that cannot be found out for want of memory.
    package func canEncrypt(to publicKey: String) throws(OpenPGPError) -> Bool {
        do throws(OpenPGPError) {
            _ = try encrypt(ProbeSignature.text, to: publicKey, signedBy: nil)
            return true
        } catch {
            guard !error.isWantOfMemory else { throw error }
            return false
        }
    }

    /// The text of a message that is encrypted to our secret key and signed by `publicKey`, exactly once.
    package func decrypt(
        _ armored: String, with secretKey: [UInt8], signedBy publicKey: String
    ) throws(MessageRefusal) -> [UInt8] {
        try withCertificate(publicKey, refusal: { .signature(.key($0)) }) {
            certificate, time throws(MessageRefusal) in
            try OpenPGP.decrypt(armored, with: secretKey, signedBy: certificate, time: time)
        }
    }

    private func withCertificate<T: Sendable, E>(
        _ armored: String, refusal: @Sendable (KeyRefusal) -> E,
        _ body: @Sendable (Certificate, UInt64) throws(E) -> T
    ) throws(E) -> T {
        let time = clock()
        return try loaded.withLock { cache throws(E) in
            let certificate: Certificate
            do throws(KeyRefusal) {
                certificate = try cache.certificate(armored, at: time)
            } catch {
                throw refusal(error)
            }
            return try body(certificate, time)
        }
    }
}
