import Administration
import ArgumentParser
import Postgres

struct AppEnable: DatabaseCommand {
    static let configuration = CommandConfiguration(
        commandName: "enable",
        abstract: "Let an app enroll and answer again.",
        discussion: """
            Example:
              countersign app enable mobile
            """)
    static let role: GroupRole? = .admin

    @Argument(help: "The app's name.")
    var name: String

    @OptionGroup var database: DatabaseOptions

    func run(_ connection: inout Connection) async throws {
        let isChanged = try await App.setEnabled(true, name, &connection)
        write("app \(name) is enabled\(isChanged ? "" : " already")")
    }
}
