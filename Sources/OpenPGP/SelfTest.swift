import OpenPGPPackets

/// Shows once per process that librnp computes what it should, and that its session keys are random.
enum SelfTest {
    static func run() throws(OpenPGPError) {
        try knownAnswer()
        try freshSessionKeys()
    }

    /// A signature that GnuPG 2.2.40 has made is right, and wrong for another text.
    private static func knownAnswer() throws(OpenPGPError) {
        let time = KnownAnswer.time
        guard let certificate = try? Certificate(armored: KnownAnswer.publicKey, time: time),
            let packet = try? SignaturePacket(armored: KnownAnswer.signature)
        else { throw .selfTest("a good key or signature is refused") }
        let text = Array(KnownAnswer.text.utf8)
        guard (try? certificate.verify(packet, of: text, at: time)) != nil else {
            throw .selfTest("a right signature is refused")
        }
        guard (try? certificate.verify(packet, of: text + [0], at: time)) == nil else {
            throw .selfTest("a wrong signature is accepted")
        }
    }

    /// Two messages of one text open, and neither opens with the session key of the other. That is seen by
    /// putting the packet with one's session key before the other's ciphertext.
    private static func freshSessionKeys() throws(OpenPGPError) {
        let time = systemTime()
        let (sender, receiver) = (try pair(time), try pair(time))
        guard let from = try? Certificate(armored: sender.publicKey, time: time),
            let to = try? Certificate(armored: receiver.publicKey, time: time)
        else { throw .selfTest("a new key is refused") }
        let text = Array("self-test".utf8)
        func opens(_ message: [UInt8]) -> Bool {
            (try? decrypt(message, with: receiver.secretKey, signedBy: from, time: time)) == text
        }
        var messages: [[UInt8]] = []
        for _ in 0..<2 {
            let armored = try encrypt(text, to: to, signedBy: sender.secretKey, time: time)
            messages.append((try? encryptedBytes(armored)) ?? [])
        }
        guard messages.allSatisfy(opens) else { throw .selfTest("an encrypted text does not open") }
        guard let (key, _) = Packets.splitFirst(messages[0]),
            let (_, ciphertext) = Packets.splitFirst(messages[1])
        else { throw .selfTest("a message cannot be read") }
        guard !opens(Array(key) + ciphertext) else { throw .selfTest("two messages have one session key") }
    }

    private static func pair(_ time: UInt64) throws(OpenPGPError) -> KeyPair {
        try KeyPair(userID: "self-test", algorithm: .ed25519, time: time)
    }
}
