import ArgumentParser
import CountersignApp
import Foundation
import Postgres

struct PhoneDevices: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "devices",
        abstract: "List the user's devices, and what confirms one that is held.",
        discussion: """
            Example:
              countersign phone devices
            """)

    @OptionGroup var output: OutputOptions
    @OptionGroup var options: PhoneOptions

    mutating func run() async throws {
        try await asPhone {
            let user = try options.file.read().enrollment.userID
            let devices = try await options.transport().devices(of: user)
            try output.show(devices.map(\.record), otherwise: "The user has no device.")
        }
    }
}

extension EnrolledDevice {
    fileprivate var record: Record {
        [
            "device_id": .text(deviceID), "name": .text(name), "platform": .text(platform),
            "status": .text(status), "reason": .text(reason), "created_at": .time(Timestamp(createdAt)),
            "held_until": .time(heldUntil.map(Timestamp.init)), "confirmation": .text(confirmation?.text),
        ]
    }
}

extension Timestamp {
    fileprivate init(_ date: Date) {
        self.init(microseconds: Int64((date.timeIntervalSince1970 * 1_000_000).rounded()))
    }
}

struct PhoneConfirm: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "confirm",
        abstract: "Let a further device of the user answer, which is held until then.",
        discussion: """
            For apps with a hold. What confirms the other device is shown when it is enrolled, and by \
            `countersign phone devices`. Confirm only what is the user's: it is as good as this device from then on.

            Example:
              countersign phone confirm "$confirmation" --keys older-phone.json
            """)

    @Argument(help: "The confirmation of the other device, 64 characters, or a PNG with it as a QR code.")
    var confirmation: String

    @OptionGroup var options: PhoneOptions

    mutating func run() async throws {
        try await asPhone {
            _ = try await options.transport().submit(
                .confirm, scannedCode(confirmation), options.file.read(), prompt: nil, isSomebodyElse: false)
            write("confirmed")
        }
    }
}
