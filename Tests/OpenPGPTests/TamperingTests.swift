import OpenPGP
import Testing

/// One changed byte anywhere is one too many, or makes no difference at all: an armor's white space, headers and
/// checksum, the form of a packet's header, and what a signature says outside of what it covers.
@Suite struct TamperingTests {
    let context: OpenPGPContext
    let device: KeyPair
    let server: KeyPair
    let text = Array("countersign-v1\nscan\n0192f0c1-7b7a-7000-8000-000000000001\n".utf8)

    init() throws {
        context = try OpenPGPContext()
        device = try context.generateKeyPair(userID: "device")
        server = try context.generateKeyPair(userID: "server")
    }

    @Test func `every byte of a signed text counts`() throws {
        let signature = try context.sign(text, with: device.secretKey)
        for changed in changes(of: text) {
            #expect(throws: SignatureRefusal.self) {
                try context.verify(signature: signature, message: changed, by: device.publicKey)
            }
        }
    }

    @Test func `every byte of a signature counts`() throws {
        let signature = try context.sign(text, with: device.secretKey)
        let right = try context.verify(signature: signature, message: text, by: device.publicKey)
        let packets = changes(of: dearmor(signature)).map { armor($0, "SIGNATURE") }
        let armors = changes(of: Array(signature.utf8)).map { String(decoding: $0, as: UTF8.self) }
        for (index, changed) in (packets + armors).enumerated() {
            let verified = try? context.verify(signature: changed, message: text, by: device.publicKey)
            #expect(verified == nil || verified == right, "change \(index)")
        }
    }

    @Test func `every byte of a key counts`() throws {
        let right = try context.inspect(publicKey: FixedKey.publicKey)
        #expect(right.canEncrypt)
        for (index, changed) in changes(of: dearmor(FixedKey.publicKey)).enumerated() {
            let key = try? context.inspect(publicKey: armor(changed, "PUBLIC KEY BLOCK"))
            #expect(key == nil || key == right, "byte \(index / 3)")
        }
    }

    /// Old form to new: 0x88 and 0xC2 are both a signature with a length of one byte. RFC 9580 section 4.2.
    @Test func `a header may have either form`() throws {
        var signature = dearmor(FixedKey.signature)
        #expect(signature[0] == 0x88)
        signature[0] = 0xC2
        _ = try context.verify(
            signature: armor(signature, "SIGNATURE"), message: FixedKey.text, by: FixedKey.publicKey)
    }

    @Test func `every byte of a message counts`() throws {
        let message = dearmor(try context.encrypt(text, to: device.publicKey, signedBy: server.secretKey))
        for (index, changed) in changes(of: message).enumerated() {
            #expect(throws: MessageRefusal.self, "byte \(index / 3)") {
                try context.decrypt(
                    armor(changed, "MESSAGE"), with: device.secretKey, signedBy: server.publicKey)
            }
        }
        for count in 0..<message.count {
            #expect(throws: MessageRefusal.self) {
                try context.decrypt(
                    armor(Array(message.prefix(count)), "MESSAGE"), with: device.secretKey,
                    signedBy: server.publicKey)
            }
        }
    }

    /// The bytes with one of them changed: its lowest bit, its highest, or all.
    private func changes(of bytes: [UInt8]) -> [[UInt8]] {
        bytes.indices.flatMap { index in
            [0x01, 0x80, 0xFF].map { (mask: UInt8) in
                var changed = bytes
                changed[index] ^= mask
                return changed
            }
        }
    }
}
