import OpenPGP
import Testing

/// Which device keys of GnuPG are accepted, and what is said of the others.
@Suite(.gnuPG, .serialized) struct DeviceKeyTests {
    let gnuPG = GnuPG.current
    let context: OpenPGPContext

    init() throws { context = try OpenPGPContext() }

    private func expect(_ refusal: KeyRefusal, _ key: String, _ location: SourceLocation = #_sourceLocation) {
        #expect(throws: refusal, sourceLocation: location) { try context.inspect(publicKey: key) }
    }

    private func expectDamage(_ fault: String, _ key: String, _ location: SourceLocation = #_sourceLocation) {
        expect(.malformed(fault), key, location)
    }

    @Test func aKeyOfGnuPGIsAccepted() throws {
        let fingerprint = try gnuPG.makeKey("plain")
        let key = try context.inspect(publicKey: gnuPG.publicKey("plain"))
        #expect(key.fingerprint == fingerprint)
        #expect(key.signingFingerprints == [fingerprint])
        #expect(!key.canEncrypt)
    }

    @Test func onlyASubkeyMaySign() throws {
        let primary = try gnuPG.makeKey("certifier", usage: "cert")
        expect(.noSigningKey, try gnuPG.publicKey("certifier"))
        let subkey = try gnuPG.addSubkey("certifier", "ed25519", usage: "sign")
        try gnuPG.addSubkey("certifier", "cv25519", usage: "encr")
        let key = try context.inspect(publicKey: gnuPG.publicKey("certifier"))
        #expect(key.fingerprint == primary)
        #expect(key.signingFingerprints == [subkey])
        #expect(key.canEncrypt)
    }

    @Test(arguments: [
        ("rsa2048", KeyRefusal.weakAlgorithm("RSA with 2048 bits")),
        ("dsa2048", .weakAlgorithm("DSA")),
        ("secp256k1", .weakAlgorithm("ECDSA on secp256k1")),
    ])
    func weakAlgorithmsAreRefused(_ algorithm: String, _ refusal: KeyRefusal) throws {
        try gnuPG.makeKey(algorithm, algorithm)
        expect(refusal, try gnuPG.publicKey(algorithm))
    }

    @Test(arguments: [
        "nistp256", "nistp384", "nistp521", "brainpoolP256r1", "brainpoolP384r1", "brainpoolP512r1",
        "rsa3072",
    ])
    func strongAlgorithmsAreAccepted(_ algorithm: String) throws {
        let fingerprint = try gnuPG.makeKey(algorithm, algorithm)
        #expect(try context.inspect(publicKey: gnuPG.publicKey(algorithm)).fingerprint == fingerprint)
        let signature = try gnuPG.sign([1, 2], by: algorithm)
        let verified = try context.verify(
            signature: signature, message: [1, 2], by: gnuPG.publicKey(algorithm))
        #expect(verified.fingerprint == fingerprint)
    }

    @Test func aWeakSubkeyIsRefused() throws {
        try gnuPG.makeKey("weak subkey")
        try gnuPG.addSubkey("weak subkey", "rsa2048", usage: "encr")
        expect(.weakAlgorithm("RSA with 2048 bits"), try gnuPG.publicKey("weak subkey"))
    }

    /// librnp would take SHA-1 from a signature that says it was made before 2024.
    @Test(arguments: ["20260101T000000!", "20200101T000000!"])
    func selfSignaturesWithSHA1AreRefused(_ time: String) throws {
        let name = "sha1 \(time)"
        let options = ["--cert-digest-algo", "SHA1", "--faked-system-time", time]
        try gnuPG.makeKey(name, options: options)
        expect(.weakSelfSignature("SHA1"), try gnuPG.publicKey(name))
    }

    @Test func expiredKeysAreRefused() throws {
        try gnuPG.makeKey("expired", expiry: "1d", options: fakedTime(-200_000))
        expect(.expired, try gnuPG.publicKey("expired"))
        try gnuPG.makeKey("expired subkey", usage: "cert", options: fakedTime(-200_000))
        try gnuPG.addSubkey(
            "expired subkey", "ed25519", usage: "sign", expiry: "1d", options: fakedTime(-200_000))
        expect(.noSigningKey, try gnuPG.publicKey("expired subkey"))
    }

    /// Prolonged after it had ended, renamed, and with a subkey that has expired beside a new one.
    @Test func aKeyWithAHistoryIsAccepted() throws {
        let old = fakedTime(-200_000)
        let fingerprint = try gnuPG.makeKey("former", expiry: "1d", options: old)
        try gnuPG.addSubkey("former", "cv25519", usage: "encr", expiry: "1d", options: old)
        expect(.expired, try gnuPG.publicKey("former"))
        try gnuPG.run("--quick-set-expire", fingerprint, "2y")
        try gnuPG.run("--quick-add-uid", fingerprint, "renamed")
        try gnuPG.run("--quick-revoke-uid", fingerprint, "former")
        try gnuPG.addSubkey("renamed", "cv25519", usage: "encr")
        let key = try context.inspect(publicKey: gnuPG.publicKey("renamed"))
        #expect(key.signingFingerprints == [fingerprint])
        #expect(key.canEncrypt)
    }

    @Test func aRevokedKeyIsRefused() throws {
        try gnuPG.makeKey("revoked")
        try gnuPG.revoke("revoked")
        expect(.revoked, try gnuPG.publicKey("revoked"))
    }

    @Test func anythingButOnePublicKeyIsRefused() throws {
        try gnuPG.makeKey("one")
        try gnuPG.makeKey("two")
        let (one, two) = (try gnuPG.publicKey("one"), try gnuPG.publicKey("two"))
        let secret = try gnuPG.secretKey("one")
        expect(.severalKeys, one + two)
        expect(.severalKeys, armor(dearmor(one) + dearmor(two), "PUBLIC KEY BLOCK"))
        expect(.secretKey, armor(secret, "PRIVATE KEY BLOCK"))
        expect(.secretKey, armor(secret, "PUBLIC KEY BLOCK"))
        expect(.secretKey, armor(dearmor(one) + secret, "PUBLIC KEY BLOCK"))
        expect(.notArmored, "")
        expect(.notArmored, String(decoding: dearmor(one), as: UTF8.self))
        expect(.notArmored, one + "and so on")
        expect(.notArmored, "see: " + one)
        expect(.notArmored, armor(dearmor(one), "SIGNATURE"))
        expectDamage(
            "packet 4, from byte \(dearmor(one).count) on, is not whole",
            armor(dearmor(one) + [0], "PUBLIC KEY BLOCK"))
        let cut = armor(Array(dearmor(one).dropLast()), "PUBLIC KEY BLOCK")
        #expect(throws: KeyRefusal.self) { try context.inspect(publicKey: cut) }
        expect(.tooLarge(limit: 16_384), one + String(repeating: " ", count: 16_384))
        _ = try context.inspect(publicKey: "\n" + one + " \r\n")
    }

    @Test func onlyVersion4IsAccepted() throws {
        try gnuPG.makeKey("version")
        for version: UInt8 in [2, 3, 5, 6] {
            var bytes = dearmor(try gnuPG.publicKey("version"))
            #expect(bytes[2] == 4)
            bytes[2] = version
            expect(.version(Int(version)), armor(bytes, "PUBLIC KEY BLOCK"))
        }
    }

    @Test func aKeyWithoutUserIDIsRefused() throws {
        try gnuPG.makeKey("nameless")
        let bytes = dearmor(try gnuPG.publicKey("nameless"))
        expect(.noUserID, armor(Array(bytes.prefix(2 + Int(bytes[1]))), "PUBLIC KEY BLOCK"))
    }
}
