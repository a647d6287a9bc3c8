import Administration
import ArgumentParser
import Postgres

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
            ]
        }
        try output.show(records, otherwise: "There are no apps yet.")
    }
}
