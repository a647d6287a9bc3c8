import CountersignApp
import Foundation
import OpenPGP
import Support
import Testing

/// Messages that librnp and GnuPG made, opened by the device; and those that must not open.
@Suite(.gnuPG, .serialized) struct SecureMessageTests {
    let gnuPG = GnuPG.current
    let context: OpenPGPContext
    let server: KeyPair
    let text = "Pay 100 \u{20ac}?\r\n"

    init() throws {
        context = try OpenPGPContext()
        server = try context.generateKeyPair(userID: "server")
    }

    private func enrollment(_ publicKey: String? = nil) -> Enrollment {
        Enrollment(
            id: UUID(), userID: "alice", deviceID: "phone", serverPublicKey: publicKey ?? server.publicKey)
    }

    private func prompt(_ armor: String) -> Prompt { Prompt("Acme Bank\nPay\n" + armor) }

    @Test(arguments: AppKey.kinds)
    func `a message of the server opens`(kind: AppKey.Kind) async throws {
        let key = kind.make()
        let certificate = try await key.certificate(name: "phone")
        for length in [1, 15, 16, 200, 600, 5_000, 32_768] {
            let text = String(repeating: "x", count: length)
            let armor = try context.encrypt(Array(text.utf8), to: certificate, signedBy: server.secretKey)
            #expect(try await key.secureMessage(in: prompt(armor), of: enrollment()) == text)
        }
    }

    @Test(arguments: AppKey.kinds)
    func `a message of GnuPG opens`(kind: AppKey.Kind) async throws {
        let key = kind.make()
        try gnuPG.makeKey("sender-\(kind)")
        try gnuPG.importKey(Array(try await key.certificate(name: "device-\(kind)").utf8))
        let output = try gnuPG.run(
            options: [
                "--recipient", key.fingerprint, "--local-user", "=sender-\(kind)", "--compress-algo", "none",
            ], "--armor", "--sign", "--encrypt", input: Array(text.utf8))
        let opened = try await key.secureMessage(
            in: prompt(String(decoding: output, as: UTF8.self)),
            of: enrollment(try gnuPG.publicKey("sender-\(kind)")))
        #expect(opened == text)
    }

    @Test func `a prompt without one has none`() async throws {
        let key = AppKey.Kind.ed25519.make()
        #expect(try await key.secureMessage(in: Prompt("Acme Bank\nSign in"), of: enrollment()) == nil)
    }

    @Test func `a message that another has signed, or nobody, is not genuine`() async throws {
        let key = AppKey.Kind.ed25519.make()
        let certificate = try await key.certificate(name: "phone")
        let other = try context.generateKeyPair(userID: "other")
        for signer in [other.secretKey, nil] {
            let armor = try context.encrypt(Array(text.utf8), to: certificate, signedBy: signer)
            await #expect(throws: AppError.notGenuine("the server has not signed the message")) {
                try await key.secureMessage(in: prompt(armor), of: enrollment())
            }
        }
    }

    @Test func `a message to another device does not open`() async throws {
        let (key, other) = (AppKey.Kind.ed25519.make(), AppKey.Kind.ed25519.make())
        let armor = try context.encrypt(
            Array(text.utf8), to: try await other.certificate(name: "other"), signedBy: server.secretKey)
        await #expect(throws: AppError.self) {
            try await key.secureMessage(in: prompt(armor), of: enrollment())
        }
    }

    @Test func `without the server's key nothing is believed`() async throws {
        let key = AppKey.Kind.ed25519.make()
        let armor = try context.encrypt(
            Array(text.utf8), to: try await key.certificate(name: "phone"), signedBy: server.secretKey)
        let unknown = Enrollment(id: UUID(), userID: "alice", deviceID: "phone", serverPublicKey: nil)
        await #expect(throws: AppError.notGenuine("the server's key is unknown: enroll again")) {
            try await key.secureMessage(in: prompt(armor), of: unknown)
        }
    }
}
