import ArgumentParser
import CountersignApp
import Crypto
import Foundation
import OpenPGP
import Postgres

struct PhoneEnroll: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "enroll",
        abstract: "Make keys and exchange them with the server.",
        discussion: """
            Enrolling the same user and device again replaces its keys.

            Examples:
              countersign phone enroll --user alice
              countersign phone enroll --user alice --device tablet --keys tablet.json
            """)

    @Option(help: "Who is signed in to the app.")
    var user: String

    @Option(help: "The device's id. (default: phone)")
    var device: String?

    @Option(help: "What people call the device.")
    var name: String?

    @OptionGroup var options: PhoneOptions

    mutating func run() async throws {
        try await asPhone {
            let device = PhoneDevice(
                userID: user, deviceID: device ?? Environment.current.text("device") ?? "phone",
                name: name ?? Environment.current.text("name"))
            let transport = try await options.transport()
            let (signer, decrypter) = (Ed25519Signer(), Curve25519Decrypter())
            let key = DeviceKey(signer: signer, decrypter: decrypter, created: Date())
            let enrollment = try await transport.enroll(device, key)
            try options.file.write(
                PhoneMemory(
                    enrollment: enrollment, created: key.created,
                    signingSecret: signer.secret.rawRepresentation,
                    decryptionSecret: decrypter.secret.rawRepresentation))
            write("enrolled \(device.userID) on \(device.deviceID): \(enrollment.id.uuidString.lowercased())")
            write("device key  \(key.fingerprint)")
            if let key = enrollment.serverPublicKey {
                write("server key  \(try OpenPGPContext(capacity: 1).inspect(publicKey: key).fingerprint)")
            }
        }
    }
}
