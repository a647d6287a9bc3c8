import OpenPGP
import Testing

/// What one context does, without anybody else's keys.
@Suite struct RoundTripTests {
    let context: OpenPGPContext
    let device: KeyPair
    let server: KeyPair
    let stranger: KeyPair
    let text = Array("countersign-v1\nscan\n".utf8)

    init() throws {
        context = try OpenPGPContext()
        device = try context.generateKeyPair(userID: "device")
        server = try context.generateKeyPair(userID: "server")
        stranger = try context.generateKeyPair(userID: "stranger")
    }

    @Test func `a new key is accepted as a device key`() throws {
        let key = try context.inspect(publicKey: device.publicKey)
        #expect(key.fingerprint == device.fingerprint)
        #expect(key.signingFingerprints == [device.fingerprint])
        #expect(key.canEncrypt)
        #expect(device.fingerprint.wholeMatch(of: /[0-9A-F]{40}/) != nil)
    }

    @Test func `a signature names its signer`() throws {
        let signature = try context.sign(text, with: device.secretKey)
        let verified = try context.verify(signature: signature, message: text, by: device.publicKey)
        #expect(verified.fingerprint == device.fingerprint)
        #expect(verified.signingFingerprint == device.fingerprint)
        #expect(throws: SignatureRefusal.self) {
            try context.verify(signature: signature, message: text + [0], by: device.publicKey)
        }
        #expect(throws: SignatureRefusal.otherSigner(device.fingerprint)) {
            try context.verify(signature: signature, message: text, by: server.publicKey)
        }
    }

    @Test func `a signed message opens`() throws {
        let message = try context.encrypt(text, to: device.publicKey, signedBy: server.secretKey)
        let opened = try context.decrypt(message, with: device.secretKey, signedBy: server.publicKey)
        #expect(opened == text)
        #expect(throws: MessageRefusal.signature(.otherSigner(nil))) {
            try context.decrypt(message, with: device.secretKey, signedBy: stranger.publicKey)
        }
        #expect(throws: MessageRefusal.doesNotOpen) {
            try context.decrypt(message, with: stranger.secretKey, signedBy: server.publicKey)
        }
    }

    /// librnp calls a message without a signature a success.
    @Test func `an unsigned message is refused`() throws {
        let message = try context.encrypt(text, to: device.publicKey, signedBy: nil)
        #expect(throws: MessageRefusal.signature(.none)) {
            try context.decrypt(message, with: device.secretKey, signedBy: server.publicKey)
        }
    }
}
