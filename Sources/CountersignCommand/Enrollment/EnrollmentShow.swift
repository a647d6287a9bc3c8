import Administration
import ArgumentParser
import Postgres

struct EnrollmentShow: DatabaseCommand {
    static let configuration = CommandConfiguration(
        commandName: "show",
        abstract: "Show one enrollment.",
        discussion: """
            Examples:
              countersign enrollment show 0198c2f4-5b1e-7c3a-9f00-3d2a1b0c9e8f
              countersign enrollment show 0198c2f4-5b1e-7c3a-9f00-3d2a1b0c9e8f --json
            """)
    static let role: GroupRole? = .admin

    @Argument(help: "Its enrollment_id.")
    var enrollmentID: Identifier

    @OptionGroup var output: OutputOptions
    @OptionGroup var database: DatabaseOptions

    func run(_ connection: inout Connection) async throws {
        guard let enrollment = try await Enrollment.read(enrollmentID, &connection) else {
            throw Enrollment.unknown(enrollmentID)
        }
        try output.show(enrollment.details)
    }
}

extension Enrollment {
    fileprivate var details: Record {
        [
            "enrollment_id": .text("\(id)"), "app": .text(app), "user_id": .text(userID),
            "device_id": .text(deviceID), "device_name": .text(deviceName), "platform": .text(platform),
            "status": .text(status), "reason": .text(reason), "created_at": .moment(createdAt),
            "activated_at": .moment(activatedAt), "revoked_at": .moment(revokedAt),
            "locked_until": .moment(lockedUntil), "key_fingerprint": .text(fingerprint),
            "server_key_fingerprint": .text(serverFingerprint), "server_key_shared": .flag(isServerKeyShared),
        ]
    }
}
