import OpenPGP
import Support
import Testing

/// Certificates with one fingerprint know nothing of one another, whatever was loaded before.
@Suite(.gnuPG, .serialized) struct IsolationTests {
    let gnuPG = GnuPG.current
    let text = Array("text".utf8)

    @Test func `an added subkey counts only where it is`() throws {
        let context = try OpenPGPContext()
        try gnuPG.makeKey("grows")
        let before = try gnuPG.publicKey("grows")
        let subkey = try gnuPG.addSubkey("grows", "ed25519", usage: "sign")
        let after = try gnuPG.publicKey("grows")
        let signature = try gnuPG.sign(text, by: "grows")
        for _ in 0..<2 {
            let verified = try context.verify(signature: signature, message: text, by: after)
            #expect(verified.signingFingerprint == subkey)
            #expect(throws: SignatureRefusal.otherSigner(subkey)) {
                try context.verify(signature: signature, message: text, by: before)
            }
        }
    }

    @Test func `a revocation counts only where it is`() throws {
        let context = try OpenPGPContext()
        try gnuPG.makeKey("revoked elsewhere")
        let before = try gnuPG.publicKey("revoked elsewhere")
        let signature = try gnuPG.sign(text, by: "revoked elsewhere")
        try gnuPG.revoke("revoked elsewhere")
        let after = try gnuPG.publicKey("revoked elsewhere")
        for _ in 0..<2 {
            #expect(throws: SignatureRefusal.key(.revoked)) {
                try context.verify(signature: signature, message: text, by: after)
            }
            _ = try context.verify(signature: signature, message: text, by: before)
        }
    }

    /// An attacker binds a stranger's signing subkey to a certificate of their own. The subkey's own signature,
    /// which says that it agrees, is not theirs to make.
    @Test func `a stranger's subkey does not count`() throws {
        let context = try OpenPGPContext()
        try gnuPG.makeKey("owner")
        try gnuPG.addSubkey("owner", "ed25519", usage: "sign")
        let key = dearmor(try gnuPG.publicKey("owner"))
        #expect(withoutBackSignature(key).count < key.count - 64)
        let stripped = armor(withoutBackSignature(key), "PUBLIC KEY BLOCK")
        #expect(throws: KeyRefusal.notSelfSigned) { try context.inspect(publicKey: stripped) }
        let signature = try gnuPG.sign(text, by: "owner")
        #expect(throws: SignatureRefusal.key(.notSelfSigned)) {
            try context.verify(signature: signature, message: text, by: stripped)
        }
    }

    /// Takes the embedded signature out of the last packet, the subkey's binding, where GnuPG keeps it in the
    /// part that the binding does not cover. RFC 9580 section 5.2.3.
    private func withoutBackSignature(_ key: [UInt8]) -> [UInt8] {
        let (start, body) = lastPacket(key)
        let hashedEnd = 6 + Int(body[4]) << 8 + Int(body[5])
        let unhashedEnd = hashedEnd + 2 + Int(body[hashedEnd]) << 8 + Int(body[hashedEnd + 1])
        var (index, kept): (Int, [UInt8]) = (hashedEnd + 2, [])
        while index < unhashedEnd {
            let next = index + 1 + Int(body[index])
            if body[index + 1] != 32 { kept += body[index..<next] }
            index = next
        }
        let changed = body[..<hashedEnd] + length(kept) + kept + body[unhashedEnd...]
        return key[..<start] + [0x88, UInt8(changed.count)] + changed
    }

    /// Where it starts, and its body; all have headers of the old format.
    private func lastPacket(_ key: [UInt8]) -> (start: Int, body: [UInt8]) {
        var (start, next, body): (Int, Int, [UInt8]) = (0, 0, [])
        while next < key.count {
            start = next
            let lengthBytes = 1 << Int(key[start] & 3)
            let length = key[(start + 1)...].prefix(lengthBytes).reduce(0) { $0 << 8 | Int($1) }
            next = start + 1 + lengthBytes + length
            body = Array(key[(next - length)..<next])
        }
        return (start, body)
    }

    private func length(_ bytes: [UInt8]) -> [UInt8] { [UInt8(bytes.count >> 8), UInt8(bytes.count & 0xFF)] }

    @Test func `a bounded cache forgets the least used`() throws {
        let context = try OpenPGPContext(capacity: 2)
        let pairs = try (0..<5).map { try context.generateKeyPair(userID: "device \($0)") }
        for pair in pairs + pairs.reversed() {
            let signature = try context.sign(text, with: pair.secretKey)
            let verified = try context.verify(signature: signature, message: text, by: pair.publicKey)
            #expect(verified.fingerprint == pair.fingerprint)
            #expect(context.loadedKeys <= 2)
        }
    }

    /// librnp does not lock.
    @Test func `a context that is shared all the same is safe`() async throws {
        let context = try OpenPGPContext(capacity: 3)
        let pairs = try (0..<4).map { try context.generateKeyPair(userID: "device \($0)") }
        try await withThrowingTaskGroup { group in
            for index in 0..<40 {
                group.addTask { @concurrent in
                    let (pair, other) = (pairs[index % 4], pairs[(index + 1) % 4])
                    let message = try context.encrypt([1], to: pair.publicKey, signedBy: other.secretKey)
                    let text = try context.decrypt(
                        message, with: pair.secretKey, signedBy: other.publicKey)
                    #expect(text == [1])
                }
            }
            try await group.waitForAll()
        }
    }
}
