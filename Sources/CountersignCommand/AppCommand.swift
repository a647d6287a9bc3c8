import Administration
import ArgumentParser
import Countersign
import Postgres

struct AppCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "app",
        abstract: "Mobile apps, by their back ends.",
        discussion: """
            Examples:
              countersign app add mobile --role mobile
              countersign app list
              countersign app limit mobile --devices-per-user 3
              countersign app disable mobile
              countersign app password mobile
            """,
        subcommands: [AppAdd.self, AppList.self] + actionCommands("app"))
}

struct AppAdd: DatabaseCommand {
    static let configuration = CommandConfiguration(
        commandName: "add",
        abstract: "Add an app with its database login.",
        discussion: """
            Creates the login when it is missing, and prints its generated password, this once.

            Examples:
              countersign app add mobile --role mobile
              countersign app add mobile --role mobile --no-password
            """)
    static let role: GroupRole? = .admin

    @Argument(help: "The app's name: a-z, 0-9 and -.")
    var name: String

    @Option(help: "The database login its back end uses; created when missing. Default: the name.")
    var role: String?

    @Flag(help: "Create the login without a password, for certificate or peer authentication.")
    var noPassword = false

    @Option(help: "How many connections a new login may have at a time. (default: 20)")
    var connections: Int?

    @OptionGroup var output: OutputOptions
    @OptionGroup var database: DatabaseOptions

    func run(_ connection: inout Connection) async throws {
        let environment = Environment.current
        let withPassword = try !noPassword && !environment.isOn("no-password")
        let wanted = role ?? environment.text("role") ?? name
        let most = try connections ?? environment.value("connections")
        let journal = try database.openJournal()
        let line = typed(
            "app add", [name] + (withPassword ? [] : ["--no-password"]),
            ["role": wanted, "connections": most.map { "\($0)" }])
        try await connection.handOver(text) { connection in
            let login = try await App.add(
                name, login: wanted, withPassword: withPassword,
                connections: most ?? Login.defaultConnections, &connection)
            try await journal?.append(line)
            return login
        }
        try await warnOfTooFewConnections(&connection)
    }

    private func text(_ login: Login) throws -> String {
        guard try output.wantsJSON else { return "added app \(name)\n" + loginLines(login) }
        return Field.record([
            "name": .text(name), "login": .text(login.name), "login_created": .flag(login.isNew),
            "password": .text(login.password),
        ]).json()
    }
}

struct AppList: DatabaseCommand {
    static let configuration = CommandConfiguration(
        commandName: "list",
        abstract: "List the apps.",
        discussion: """
            Examples:
              countersign app list
              countersign app list --json
            """)
    static let role: GroupRole? = .monitor

    @OptionGroup var output: OutputOptions
    @OptionGroup var database: DatabaseOptions

    func run(_ connection: inout Connection) async throws {
        let records = try await App.list(&connection).map { app -> Record in
            [
                "name": .text(app.name), "login": .text(app.login), "enabled": .flag(app.isEnabled),
                "created_at": .time(app.createdAt),
                "devices_per_user": .number(app.devicesPerUser),
                "enrollments_per_hour": .number(app.enrollmentsPerHour),
                "waiting": .number(app.waiting),
                "waiting_per_device": .number(app.waitingPerDevice),
                "malformed_per_user": .number(app.malformedPerUser),
                "enrollment_hold": .number(app.enrollmentHold),
            ]
        }
        try output.show(records, otherwise: "There are no apps yet.")
    }
}
