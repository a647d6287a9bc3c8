import OpenPGP
import Testing

/// One changed byte anywhere is one too many.
///
/// What may be different, for nothing hangs on it: white space at the ends of the lines of an armor, its headers,
/// its checksum left out, and a packet's header in the other of its two forms, which GnuPG and others each prefer.
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

    @Test func everyByteOfASignedTextCounts() throws {
        let signature = try context.sign(text, with: device.secretKey)
        for changed in changes(of: text) {
            #expect(throws: SignatureRefusal.wrong) {
                try context.verify(signature: signature, message: changed, by: device.publicKey)
            }
        }
    }

    @Test func everyByteOfASignatureCounts() throws {
        let signature = try context.sign(text, with: device.secretKey)
        for (index, changed) in changes(of: dearmor(signature)).enumerated() {
            #expect(throws: SignatureRefusal.self, "byte \(index / 3)") {
                try context.verify(
                    signature: armor(changed, "SIGNATURE"), message: text, by: device.publicKey)
            }
        }
        for (index, changed) in changes(of: Array(signature.utf8)).enumerated() {
            #expect(throws: SignatureRefusal.self, "character \(index / 3)") {
                let changed = String(decoding: changed, as: UTF8.self)
                return try context.verify(signature: changed, message: text, by: device.publicKey)
            }
        }
    }

    @Test func everyByteOfAKeyCounts() throws {
        let key = dearmor(FixedKey.publicKey)
        #expect(try context.inspect(publicKey: FixedKey.publicKey).canEncrypt)
        for (index, changed) in changes(of: key).enumerated() {
            #expect(throws: KeyRefusal.self, "byte \(index / 3)") {
                try context.inspect(publicKey: armor(changed, "PUBLIC KEY BLOCK"))
            }
        }
    }

    /// Old form to new: 0x88 and 0xC2 are both a signature with a length of one byte. RFC 9580 section 4.2.
    @Test func aHeaderMayHaveEitherForm() throws {
        var signature = dearmor(FixedKey.signature)
        #expect(signature[0] == 0x88)
        signature[0] = 0xC2
        _ = try context.verify(
            signature: armor(signature, "SIGNATURE"), message: FixedKey.text, by: FixedKey.publicKey)
    }

    @Test func everyByteOfAMessageCounts() throws {
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
