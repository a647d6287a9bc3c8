package import Postgres

/// `countersign app limit`.
package struct LimitApp: OperatorAction {
    package static let command = "app limit"
    package static let abstract =
        "Change how many devices, enrollments and submissions an app may have, and how long devices wait."
    package static let discussion = """
        What is not named stays as it is. More devices of a user, and more enrollments of one device within an hour, \
        are refused with CS008; submissions beyond those that may wait are rejected as too_many_waiting.

        Examples:
          countersign app limit mobile --devices-per-user 3 --enrollments-per-hour 10
          countersign app limit mobile --waiting 50000 --waiting-per-device 200
          countersign app limit mobile --enrollment-hold 86400
        """
    package static let inputs = [App.input] + limits
    package static let event = "app.changed"
    package static let statements: [any StatementFamily.Type] = [SetAppLimits.self]

    /// In the order of the statement that takes them.
    static let limits = [
        ActionInput(
            "devices-per-user", .option, help: "Devices of one user: 1 to 1000; a new app has 10.",
            placeholder: "count"),
        ActionInput(
            "enrollments-per-hour", .option,
            help: "Enrollments of one device of a user within an hour: 1 to 100000; a new app has 60.",
            placeholder: "count"),
        ActionInput(
            "waiting", .option,
            help: "Submissions that wait to be judged: 1 to 100000000; a new app has 10000.",
            placeholder: "count"),
        ActionInput(
            "waiting-per-device", .option,
            help: "The same of one enrollment: 1 to 100000000; a new app has 100.", placeholder: "count"),
        ActionInput(
            "enrollment-hold", .option,
            help:
                "How long a user's further device waits until it may answer, unless an older one confirms it: 60 to 2592000, or 0 for none, as a new app has.",
            placeholder: "seconds"),
        ActionInput(
            "malformed-per-user", .option,
            help: "Malformed submissions of one user within ten minutes: 1 to 100000; a new app has 100.",
            placeholder: "count"),
    ]

    private let app: String
    private let wanted: [Int32?]

    package init(_ words: ActionWords) throws {
        app = words["app"]
        wanted = try Self.limits.map { limit in
            try words.optional(limit.name).map { typed in
                guard let value = Int32(typed) else {
                    throw UnreadableInput("\(limit.name) is a number, not '\(typed)'")
                }
                return value
            }
        }
        guard wanted.contains(where: { $0 != nil }) else {
            throw UnreadableInput("there is nothing to change: name an option, such as --devices-per-user")
        }
    }

    package static func button(on subject: ActionSubject) -> ActionButton? {
        guard case .app(let app) = subject else { return nil }
        let captions = [
            "Devices of a user", "Enrollments of a device within an hour", "Submissions that wait",
            "Submissions of a device that wait", "Further devices are held (60 to 2592000 s, 0: none)",
            "Malformed submissions of a user within ten minutes",
        ]
        return ActionButton(
            "Set", "limits of app \(app.name)", ["app": app.name],
            fields: zip(zip(limits, captions), app.limits).map { limit, value in
                .init(name: limit.0.name, caption: limit.1, value: "\(value)", size: 9)
            }, title: "Limits")
    }

    package func run(_ connection: inout Connection) async throws -> String {
        let change = SetAppLimits(app: app, wanted: wanted)
        let isChanged = try await NamedThing.app.found(
            try await connection.run(change).first(), app, &connection)
        return sentence("app \(app) has the limits that are wanted", isChanged: isChanged)
    }
}

/// A row when there is such an app: whether one of them was not so already.
struct SetAppLimits: PreparedStatement {
    let app: String
    let wanted: [Int32?]

    static let statement = Statement(
        "action.limit_app",
        """
        WITH changed AS (
            UPDATE countersign.apps
            SET max_devices_per_user = coalesce($2, max_devices_per_user),
                max_enrollments_per_hour = coalesce($3, max_enrollments_per_hour),
                max_waiting = coalesce($4, max_waiting),
                max_waiting_per_device = coalesce($5, max_waiting_per_device),
                enrollment_hold = nullif(coalesce($6, enrollment_hold), 0),
                max_malformed_per_user = coalesce($7, max_malformed_per_user)
            WHERE name = $1 AND (max_devices_per_user <> $2 OR max_enrollments_per_hour <> $3 OR max_waiting <> $4
                                 OR max_waiting_per_device <> $5 OR coalesce(enrollment_hold, 0) <> $6
                                 OR max_malformed_per_user <> $7)
            RETURNING name
        )
        SELECT EXISTS (SELECT FROM changed) AS is_new FROM countersign.apps WHERE name = $1
        """)
    var parameters: [Parameter] { [.text(app)] + wanted.map { $0.map(Parameter.int32) ?? .null } }

    static func decode(_ row: inout RowReader) throws -> Bool { try row.bool("is_new") }
}
