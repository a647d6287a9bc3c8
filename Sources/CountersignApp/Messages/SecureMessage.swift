import Crypto
import Foundation
import OpenPGPPackets

extension DeviceKey {
    /// The message that the portal meant for this device alone, opened and known to be the server's.
    ///
    /// - Returns: nil where the prompt has none.
    /// - Throws: `AppError.notGenuine`: **let nobody answer then**. What the decrypter throws.
    public func secureMessage(in prompt: Prompt, of enrollment: Enrollment) async throws -> String? {
        guard let armor = prompt.armor else { return nil }
        guard let server = enrollment.serverPublicKey.flatMap(ServerKey.init(armored:)) else {
            throw AppError.notGenuine("the server's key is unknown: enroll again")
        }
        return String(decoding: try await open(armor, signedBy: server), as: UTF8.self)
    }

    func open(_ armor: String, signedBy server: ServerKey) async throws -> [UInt8] {
        guard armor.utf8.count <= Self.messageLimit, let bytes = try? Armor.decode(armor, .message) else {
            throw AppError.notGenuine("the message cannot be read")
        }
        guard let packets = try await decrypted(bytes) else {
            throw AppError.notGenuine(
                "the message does not open: it is for another key, was changed, or is cut off")
        }
        guard let signed = SignedText(packets), signed.isSigned(by: server) else {
            throw AppError.notGenuine("the server has not signed the message")
        }
        return signed.text
    }

    /// In bytes of armor, as the server has it.
    private static let messageLimit = 64 * 1024

    private func decrypted(_ message: [UInt8]) async throws -> [UInt8]? {
        var rest = message[...]
        var keys: [SessionKeyPacket] = []
        while Packets.tag(rest) == Packets.Tag.sessionKey, let packet = Packets.take(&rest) {
            guard packet.hasShortestLength, let key = SessionKeyPacket(Array(packet.body)) else { return nil }
            keys.append(key)
        }
        guard let protected = Packets.takeJoined(&rest), protected.tag == Packets.Tag.protected, rest.isEmpty,
            let own = keys.first(where: { $0.recipient == subkey.fingerprint.suffix(8) }),
            let key = try await own.open(self)
        else { return nil }
        return ProtectedData.open(protected.body, with: key)
    }
}
