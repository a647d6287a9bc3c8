import Administration
import ArgumentParser
import Postgres

struct EnrollmentCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "enrollment",
        abstract: "The devices that may answer.",
        discussion: """
            Examples:
              countersign enrollment list --user alice
              countersign enrollment revoke 0198c2f4-5b1e-7c3a-9f00-3d2a1b0c9e8f
            """,
        subcommands: [EnrollmentList.self, EnrollmentShow.self] + actionCommands("enrollment"))
}

struct EnrollmentList: DatabaseCommand {
    static let configuration = CommandConfiguration(
        commandName: "list",
        abstract: "List enrollments, the newest first.",
        discussion: """
            Examples:
              countersign enrollment list
              countersign enrollment list --user alice --status active
              countersign enrollment list --app mobile --limit 10 --json
            """)
    static let role: GroupRole? = .admin

    @Option(help: "Only of this user.")
    var user: String?

    @Option(help: "Only of this app.")
    var app: String?

    @Option(help: "Only pending, active, rejected or revoked ones.")
    var status: String?

    @Option(help: "How many at most, 1 to 100000. (default: 100)")
    var limit: Int?

    @OptionGroup var output: OutputOptions
    @OptionGroup var database: DatabaseOptions

    private var filter = Enrollment.Filter(limit: 100)

    mutating func prepare() throws {
        let environment = Environment.current
        let status = status ?? environment.text("status")
        if let status, !Enrollment.statuses.contains(status) {
            throw Failure(.usage, "--status must be pending, active, rejected or revoked, not '\(status)'")
        }
        filter = Enrollment.Filter(
            app: app ?? environment.text("app"), userID: user ?? environment.text("user"), status: status,
            limit: try listLimit(limit, environment))
    }

    func run(_ connection: inout Connection) async throws {
        let records = try await Enrollment.list(filter, &connection).map { $0.summary }
        try output.show(records, otherwise: "There are no such enrollments.")
    }

    private enum CodingKeys: CodingKey { case user, app, status, limit, output, database }
}

/// `--limit`, of listings that may be long.
func listLimit(_ limit: Int?, _ environment: Environment) throws -> Int {
    let limit = try limit ?? environment.value("limit") ?? 100
    guard (1...100_000).contains(limit) else {
        throw Failure(.usage, "--limit must lie between 1 and 100000, not \(limit)")
    }
    return limit
}

extension Enrollment {
    var summary: Record {
        [
            "enrollment_id": .text("\(id)"), "app": .text(app), "user_id": .text(userID),
            "device_id": .text(deviceID), "status": .text(status), "created_at": .time(createdAt),
            "key_fingerprint": .text(fingerprint), "reason": .text(reason),
            "held_until": .time(heldUntil),
        ]
    }
}

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
    var enrollmentID: String

    @OptionGroup var output: OutputOptions
    @OptionGroup var database: DatabaseOptions

    func prepare() throws { _ = try readIdentifier(enrollmentID, "an enrollment's id") }

    func run(_ connection: inout Connection) async throws {
        let enrollmentID = try readIdentifier(enrollmentID, "an enrollment's id")
        guard let enrollment = try await Enrollment.read(enrollmentID, &connection) else {
            throw Enrollment.unknown(enrollmentID)
        }
        try output.show(enrollment.details)
    }
}

extension Enrollment {
    var details: Record {
        [
            "enrollment_id": .text("\(id)"), "app": .text(app), "user_id": .text(userID),
            "device_id": .text(deviceID), "device_name": .text(deviceName), "platform": .text(platform),
            "status": .text(status), "reason": .text(reason), "created_at": .moment(createdAt),
            "activated_at": .moment(activatedAt), "revoked_at": .moment(revokedAt),
            "locked_until": .moment(lockedUntil), "held_until": .moment(heldUntil),
            "key_fingerprint": .text(fingerprint),
            "server_key_fingerprint": .text(serverFingerprint), "server_key_shared": .flag(isServerKeyShared),
        ]
    }
}
