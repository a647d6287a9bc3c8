import OpenPGP
import Support
import Testing

/// Encrypted messages to and from GnuPG, and those that must not open.
@Suite(.gnuPG, .serialized) struct MessageTests {
    let gnuPG = GnuPG.current
    let context: OpenPGPContext
    let server: KeyPair
    let text = Array("Pay 100 \u{20ac}?\r\n".utf8)

    init() throws {
        context = try OpenPGPContext()
        server = try context.generateKeyPair(userID: "server")
        try gnuPG.importKey(Array(server.publicKey.utf8))
    }

    private func makeDevice(_ name: String) throws -> String {
        try gnuPG.makeKey(name)
        try gnuPG.addSubkey(name, "cv25519", usage: "encr")
        return try gnuPG.publicKey(name)
    }

    private func encrypt(_ options: [String], _ text: [UInt8]? = nil) throws -> String {
        let output = try gnuPG.run(
            options: options + ["--recipient", server.fingerprint], "--armor", "--encrypt",
            input: text ?? self.text)
        return String(decoding: output, as: UTF8.self)
    }

    private func expect(
        _ refusal: MessageRefusal, _ message: String, from sender: String,
        _ location: SourceLocation = #_sourceLocation
    ) {
        #expect(throws: refusal, sourceLocation: location) {
            try context.decrypt(message, with: server.secretKey, signedBy: sender)
        }
    }

    @Test func `GnuPG opens our message`() throws {
        let device = try makeDevice("reader")
        let message = try context.encrypt(text, to: device, signedBy: server.secretKey)
        let path = try gnuPG.file([])
        let status = try gnuPG.run(
            "--status-fd", "1", "--output", path, "--decrypt", input: Array(message.utf8))
        let lines = String(decoding: status, as: UTF8.self).split(separator: "\n")
        #expect(lines.contains { $0.hasPrefix("[GNUPG:] VALIDSIG \(server.fingerprint) ") })
        // Integrity-protected by MDC (2), AES-256 (9), no AEAD (0).
        #expect(lines.contains("[GNUPG:] DECRYPTION_INFO 2 9 0"))
        #expect(lines.contains("[GNUPG:] GOODMDC"))
        #expect(try gnuPG.read(path) == text)
        let packets = try gnuPG.run("--list-packets", input: Array(message.utf8))
        #expect(!String(decoding: packets, as: UTF8.self).contains("compressed"))
    }

    @Test func `a message of GnuPG opens`() throws {
        let device = try makeDevice("writer")
        let message = try encrypt(["--local-user", "=writer", "--sign"])
        #expect(try context.decrypt(message, with: server.secretKey, signedBy: device) == text)
    }

    @Test func `only one signature of the sender counts`() throws {
        let device = try makeDevice("sender")
        try gnuPG.makeKey("other")
        expect(.signature(.none), try encrypt([]), from: device)
        expect(
            .signature(.otherSigner(nil)), try encrypt(["--local-user", "=other", "--sign"]), from: device)
        let two = ["--local-user", "=sender", "--local-user", "=other", "--sign"]
        expect(.signature(.several), try encrypt(two), from: device)
        let textMode = ["--local-user", "=sender", "--sign", "--textmode"]
        expect(.signature(.notBinary(type: 1)), try encrypt(textMode), from: device)
        let signed = try gnuPG.run("--local-user", "=sender", "--armor", "--sign", input: text)
        expect(.notEncrypted, String(decoding: signed, as: UTF8.self), from: device)
    }

    @Test func `only integrity protected AES is opened`() throws {
        let device = try makeDevice("old")
        let signed = ["--local-user", "=old", "--sign"]
        let noMDC = try encrypt(signed + ["--rfc2440", "--disable-mdc", "--cipher-algo", "AES256"])
        expect(.noIntegrityProtection(mode: "cfb"), noMDC, from: device)
        for (cipher, name) in [("3DES", "TRIPLEDES"), ("CAST5", "CAST5")] {
            expect(.weakCipher(name), try encrypt(signed + ["--cipher-algo", cipher]), from: device)
        }
    }

    @Test func `a message is bounded`() throws {
        let device = try makeDevice("large")
        let signed = ["--local-user", "=large", "--sign", "--compress-algo", "zlib", "-z", "9"]
        let zeros = [UInt8](repeating: 0, count: 10_000_000)
        expect(.tooLarge(limit: 65_536), try encrypt(signed, zeros), from: device)
        #expect(try context.decrypt(encrypt(signed), with: server.secretKey, signedBy: device) == text)
        #expect(throws: OpenPGPError.messageTooLarge(limit: 32_768)) {
            try context.encrypt(Array(zeros.prefix(32_769)), to: device, signedBy: nil)
        }
        let largest = Array(zeros.prefix(32_768))
        let message = try context.encrypt(largest, to: server.publicKey, signedBy: nil)
        #expect(message.utf8.count <= 65_536)
    }

    @Test func `a secret key of GnuPG works like ours`() throws {
        let device = try makeDevice("exported")
        let secret = try gnuPG.secretKey("exported")
        let message = try context.encrypt(text, to: device, signedBy: server.secretKey)
        #expect(try context.decrypt(message, with: secret, signedBy: server.publicKey) == text)
        let signature = try context.sign(text, with: secret)
        _ = try context.verify(signature: signature, message: text, by: device)
    }

    /// GnuPG refuses a scalar on Curve25519 whose bits are not set as it expects.
    @Test func `GnuPG takes our secret key`() throws {
        let pair = try context.generateKeyPair(userID: "moved")
        try gnuPG.importKey(pair.secretKey)
        let message = try context.encrypt(text, to: pair.publicKey, signedBy: server.secretKey)
        #expect(try gnuPG.run("--decrypt", input: Array(message.utf8)) == text)
        let signature = try gnuPG.sign(text, by: "moved")
        _ = try context.verify(signature: signature, message: text, by: pair.publicKey)
    }

    /// librnp's own choices are RSA-2048, compression and an end after 2 years.
    @Test func `our key says what it should`() throws {
        let listed = String(
            decoding: try gnuPG.run("--list-packets", input: Array(server.publicKey.utf8)), as: UTF8.self)
        for line in [
            "version 4, algo 22,", "version 4, algo 18,", "digest algo 8,", "(pref-sym-algos: 9)",
            "(pref-hash-algos: 8)", "(pref-zip-algos: 0)", "(key flags: 03)", "(key flags: 0C)",
        ] { #expect(listed.contains(line), "\(line)") }
        #expect(!listed.contains("expires after"))
        #expect(!listed.contains("digest algo 2,"))
    }

    /// librnp 0.18.0 would use the same one each time.
    @Test func `every message has a key of its own`() throws {
        let device = try makeDevice("keys")
        let keys = try (0..<2).map { _ in
            let message = try context.encrypt(text, to: device, signedBy: server.secretKey)
            let status = try gnuPG.run(
                "--status-fd", "1", "--show-session-key", "--output", gnuPG.file([]), "--decrypt",
                input: Array(message.utf8))
            let lines = String(decoding: status, as: UTF8.self).split(separator: "\n")
            return try #require(lines.first { $0.hasPrefix("[GNUPG:] SESSION_KEY 9:") })
        }
        #expect(keys[0] != keys[1])
    }

    @Test func `a key that cannot decrypt is refused`() throws {
        try gnuPG.makeKey("signs only")
        let key = try gnuPG.publicKey("signs only")
        #expect(throws: OpenPGPError.recipientCannotDecrypt) {
            try context.encrypt(text, to: key, signedBy: server.secretKey)
        }
        #expect(throws: OpenPGPError.recipient(.notArmored)) {
            try context.encrypt(text, to: "", signedBy: server.secretKey)
        }
    }

    @Test func `only a secret key signs`() throws {
        let device = try makeDevice("public")
        let unusable = [
            [], dearmor(device), server.secretKey + server.secretKey, Array(server.secretKey.dropLast()),
        ]
        for secret in unusable {
            #expect(throws: OpenPGPError.noSecretKey) { try context.sign(text, with: secret) }
            #expect(throws: OpenPGPError.noSecretKey) {
                try context.encrypt(text, to: device, signedBy: secret)
            }
        }
    }
}
