import OpenPGP
import Synchronization
import Support
import Testing

/// Detached signatures of GnuPG: which count, and why the others do not.
@Suite(.gnuPG, .serialized) struct SignatureTests {
    let gnuPG = GnuPG.current
    let context: OpenPGPContext
    let text = Array("countersign-v1\naccept\n\u{e4}\n".utf8)

    init() throws { context = try OpenPGPContext() }

    private func expect(
        _ refusal: SignatureRefusal, _ signature: String, by key: String,
        _ location: SourceLocation = #_sourceLocation
    ) {
        #expect(throws: refusal, sourceLocation: location) {
            try context.verify(signature: signature, message: text, by: key)
        }
    }

    @Test func `the subkey that signed is named`() throws {
        let primary = try gnuPG.makeKey("by subkey", usage: "cert")
        let subkey = try gnuPG.addSubkey("by subkey", "ed25519", usage: "sign")
        let signature = try gnuPG.sign(text, by: "by subkey")
        let verified = try context.verify(
            signature: signature, message: text, by: gnuPG.publicKey("by subkey"))
        #expect(verified.fingerprint == primary)
        #expect(verified.signingFingerprint == subkey)
        #expect(verified.createdAt <= now() && verified.createdAt + 60 > now())
    }

    @Test func `GnuPG takes our signature`() throws {
        let pair = try context.generateKeyPair(userID: "ours")
        let signature = try context.sign(text, with: pair.secretKey)
        try gnuPG.importKey(Array(pair.publicKey.utf8))
        let status = try gnuPG.run(
            "--status-fd", "1", "--verify", gnuPG.file(Array(signature.utf8)), gnuPG.file(text))
        let lines = String(decoding: status, as: UTF8.self).split(separator: "\n")
        let valid = try #require(lines.first { $0.hasPrefix("[GNUPG:] VALIDSIG \(pair.fingerprint) ") })
        // Version 4, EdDSA, SHA-256, type 0x00.
        #expect(valid.contains(" 4 0 22 8 00 "))
        #expect(lines.contains { $0.hasPrefix("[GNUPG:] GOODSIG ") })
    }

    @Test func `only one detached binary signature counts`() throws {
        try gnuPG.makeKey("signer")
        let other = try gnuPG.makeKey("second")
        let key = try gnuPG.publicKey("signer")
        let good = try gnuPG.sign(text, by: "signer")
        let packet = dearmor(good)
        _ = try context.verify(signature: good, message: text, by: key)
        expect(.several, try gnuPG.sign(text, by: "signer", "second"), by: key)
        expect(.several, armor(packet + packet, "SIGNATURE"), by: key)
        expect(.several, good + good, by: key)
        expect(.otherSigner(other), try gnuPG.sign(text, by: "second"), by: key)
        expect(.notBinary(type: 1), try gnuPG.sign(text, by: "signer", options: ["--textmode"]), by: key)
        expect(.none, armor([], "SIGNATURE"), by: key)
        expect(.notArmored, "", by: key)
        expect(.notArmored, key, by: key)
        expect(.notArmored, good + "more", by: key)
        expect(
            .malformed("packet 2, from byte \(packet.count) on, is not whole"),
            armor(packet + [0], "SIGNATURE"), by: key)
        expect(.tooLarge(limit: 16_384), good + String(repeating: "\n", count: 16_384), by: key)
        for form in ["--sign", "--clear-sign", "--store"] {
            let inline = try gnuPG.run("--local-user", "=signer", "--armor", form, input: text)
            expect(.notArmored, String(decoding: inline, as: UTF8.self), by: key)
        }
        let compressed = try gnuPG.run("--local-user", "=signer", "--sign", input: text)
        #expect(throws: SignatureRefusal.self) {
            try context.verify(signature: armor(compressed, "SIGNATURE"), message: text, by: key)
        }
    }

    @Test func `weak hashes are refused`() throws {
        try gnuPG.makeKey("hashes", "rsa3072")
        let key = try gnuPG.publicKey("hashes")
        for (hash, number) in [("SHA1", 2), ("RIPEMD160", 3), ("SHA224", 11)] {
            let signature = try gnuPG.sign(text, by: "hashes", options: ["--digest-algo", hash])
            expect(.weakHash(number), signature, by: key)
        }
    }

    @Test func `a signature expires`() throws {
        try gnuPG.makeKey("brief", options: fakedTime(-300_000))
        let signature = try gnuPG.sign(
            text, by: "brief", options: fakedTime(-200_000) + ["--default-sig-expire", "1d"])
        expect(.expired, signature, by: try gnuPG.publicKey("brief"))
    }

    @Test func `a clock may be ahead for five minutes`() throws {
        try gnuPG.makeKey("ahead")
        let key = try gnuPG.publicKey("ahead")
        let soon = try gnuPG.sign(text, by: "ahead", options: fakedTime(200))
        _ = try context.verify(signature: soon, message: text, by: key)
        let late = try gnuPG.sign(text, by: "ahead", options: fakedTime(900))
        let refusal = #expect(throws: SignatureRefusal.self) {
            try context.verify(signature: late, message: text, by: key)
        }
        guard case .madeAhead(let created, let now)? = refusal else {
            Issue.record("\(String(describing: refusal))")
            return
        }
        #expect(850...900 ~= created - now)
    }

    /// librnp still takes what was signed before a key was revoked, by the signature's own word.
    @Test func `revoked keys do not count`() throws {
        try gnuPG.makeKey("gone", options: fakedTime(-100))
        let before = try gnuPG.sign(text, by: "gone", options: fakedTime(-50))
        _ = try context.verify(signature: before, message: text, by: gnuPG.publicKey("gone"))
        try gnuPG.revoke("gone")
        expect(.key(.revoked), before, by: try gnuPG.publicKey("gone"))
    }

    @Test func `a revoked subkey does not count beside a good one`() throws {
        try gnuPG.makeKey("subkeys", options: fakedTime(-100))
        let subkey = try gnuPG.addSubkey("subkeys", "ed25519", usage: "sign", options: fakedTime(-90))
        let signature = try gnuPG.sign(text, by: "subkeys", options: fakedTime(-50))
        let before = try gnuPG.publicKey("subkeys")
        #expect(
            try context.verify(signature: signature, message: text, by: before).signingFingerprint == subkey)
        try gnuPG.run(
            "--command-fd", "0", "--edit-key", "subkeys",
            input: Array("key 1\nrevkey\ny\n0\n\ny\nsave\n".utf8))
        let after = try gnuPG.publicKey("subkeys")
        #expect(try !context.inspect(publicKey: after).signingFingerprints.contains(subkey))
        expect(.signerNotValid, signature, by: after)
    }

    /// `isValid` of a key that is loaded stays true when it expires.
    @Test func `a loaded key expires`() throws {
        let time = Time()
        let context = try OpenPGPContext(clock: { time.now.load(ordering: .relaxed) })
        try gnuPG.makeKey("ends", expiry: "1d")
        let (key, signature) = (try gnuPG.publicKey("ends"), try gnuPG.sign(text, by: "ends"))
        _ = try context.verify(signature: signature, message: text, by: key)
        time.now.store(now() + 90_000, ordering: .relaxed)
        #expect(throws: SignatureRefusal.key(.expired)) {
            try context.verify(signature: signature, message: text, by: key)
        }
    }
}
