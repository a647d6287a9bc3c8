import CountersignApp
import Foundation
import OpenPGP
import OpenPGPPackets
import Support
import Testing

/// 100,000 messages and server's keys that somebody has changed: none opens to another text, and none ends the app.
@Suite struct MutatedMessageTests {
    @Test func `a changed message never opens to anything else`() async throws {
        let context = try OpenPGPContext()
        let server = try context.generateKeyPair(userID: "server")
        let key = AppKey.Kind.ed25519.make()
        let text = "Pay 100"
        let armor = try context.encrypt(
            Array(text.utf8), to: try await key.certificate(name: "phone"), signedBy: server.secretKey)
        let right = try Armor.decode(armor, .message)
        let serverKey = try Armor.decode(server.publicKey, .publicKey)
        var random = SplitMix(state: 42)
        var opened = 0
        for _ in 0..<50_000 {
            let message = Armor.encode(mutated(right, &random), .message)
            let known = Enrollment(
                id: UUID(), userID: "alice", deviceID: "phone", serverPublicKey: server.publicKey)
            if let found = try? await key.secureMessage(in: Prompt("Acme\n" + message), of: known) {
                #expect(found == text)
                opened += 1
            }
            let strange = Enrollment(
                id: UUID(), userID: "alice", deviceID: "phone",
                serverPublicKey: Armor.encode(mutated(serverKey, &random), .publicKey))
            if let found = try? await key.secureMessage(in: Prompt("Acme\n" + armor), of: strange) {
                #expect(found == text)
            }
        }
        // What nothing depends on may be changed, as where a part of the message ends.
        #expect(opened < 5_000)
    }

    private func mutated(_ bytes: [UInt8], _ random: inout SplitMix) -> [UInt8] {
        var bytes = bytes
        switch Int.random(in: 0..<4, using: &random) {
        case 0: bytes.removeLast(.random(in: 1...bytes.count, using: &random))
        case 1:
            bytes.insert(
                .random(in: 0...255, using: &random), at: .random(in: 0...bytes.count, using: &random))
        default:
            for _ in 0..<Int.random(in: 1...4, using: &random) {
                bytes[.random(in: bytes.indices, using: &random)] ^= .random(in: 1...255, using: &random)
            }
        }
        return bytes
    }
}
