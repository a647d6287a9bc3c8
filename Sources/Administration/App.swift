package import Postgres

/// A mobile app's back end, which vouches for who its users are.
package struct App: Sendable, Hashable {
    package let id: Int
    package let name: String
    package let login: String
    package let isEnabled: Bool
    package let createdAt: Timestamp
    package let devicesPerUser, enrollmentsPerHour, waiting, waitingPerDevice, malformedPerUser: Int
    /// Seconds; nil is none.
    package let enrollmentHold: Int?

    /// In the order of `LimitApp.limits`.
    var limits: [Int] {
        [
            devicesPerUser, enrollmentsPerHour, waiting, waitingPerDevice, enrollmentHold ?? 0,
            malformedPerUser,
        ]
    }
}

extension App {
    package static func list(_ connection: inout Connection) async throws -> [App] {
        try await connection.run(ListApps()).all()
    }

    /// Adds an app and its login, both or neither. A login that must be created gets a generated password if
    /// `withPassword`, unless one is given.
    package static func add(
        _ name: String, login: String, withPassword: Bool = true, password: String? = nil,
        connections: Int = Login.defaultConnections, _ connection: inout Connection
    ) async throws -> Login {
        try await connection.atomically { connection in
            try await NamedThing.app.refuseTaken(name, &connection)
            let login = try await Login.create(
                login, in: .app, withPassword: withPassword, password: password, connections: connections,
                &connection)
            try await connection.run(InsertApp(name: name, login: login.name))
            return login
        }
    }
}

extension App: RowReadable {
    package init(_ row: inout RowReader) throws {
        id = try row.int("app_id")
        name = try row.text("name")
        login = try row.text("login")
        isEnabled = try row.bool("enabled")
        createdAt = try row.timestamp("created_at")
        devicesPerUser = try row.int("max_devices_per_user")
        enrollmentsPerHour = try row.int("max_enrollments_per_hour")
        waiting = try row.int("max_waiting")
        waitingPerDevice = try row.int("max_waiting_per_device")
        malformedPerUser = try row.int("max_malformed_per_user")
        enrollmentHold = try row.optionalInt("enrollment_hold")
    }
}

struct InsertApp: PreparedStatement {
    let name: String
    let login: String

    static let statement = Statement(
        "app.insert", "INSERT INTO countersign.apps (name, login) VALUES ($1, $2)")
    var parameters: [Parameter] { [.text(name), .text(login)] }
}

struct ListApps: PreparedStatement {
    typealias Output = App

    static let statement = Statement(
        "app.list",
        """
        SELECT app_id, name, login, enabled, created_at, max_devices_per_user, max_enrollments_per_hour, max_waiting,
               max_waiting_per_device, max_malformed_per_user, enrollment_hold
        FROM countersign.apps ORDER BY name
        """)
}
