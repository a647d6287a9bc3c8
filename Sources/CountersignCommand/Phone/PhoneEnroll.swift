import ArgumentParser
import Countersign
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
            let pair = try OpenPGPContext(capacity: 1).generateKeyPair(userID: "\(device.deviceID) phone")
            let enrollment = try await transport.enroll(device, publicKey: pair.publicKey)
            guard enrollment.status == "active" else {
                throw Failure(
                    .data, "the enrollment is \(enrollment.status): \(enrollment.reason ?? "no reason")")
            }
            try options.file.write(
                PhoneMemory(
                    enrollmentID: enrollment.id.description, userID: device.userID,
                    deviceID: device.deviceID, publicKey: pair.publicKey, secretKey: Data(pair.secretKey),
                    serverPublicKey: enrollment.serverPublicKey))
            write("enrolled \(device.userID) on \(device.deviceID): \(enrollment.id)")
            write("device key  \(pair.fingerprint)")
            if let key = enrollment.serverPublicKey {
                write("server key  \(try OpenPGPContext(capacity: 1).inspect(publicKey: key).fingerprint)")
            }
        }
    }
}
