import Administration
import ArgumentParser
import Postgres

struct AppDisable: DatabaseCommand {
    static let configuration = CommandConfiguration(
        commandName: "disable",
        abstract: "Refuse an app's enrollments and submissions.",
        discussion: """
            Its enrollments fail with CS008 and its submissions are rejected until it is enabled again. Nothing \
            of it is deleted.

            Example:
              countersign app disable mobile
            """)
    static let role: GroupRole? = .admin

    @Argument(help: "The app's name.")
    var name: String

    @OptionGroup var database: DatabaseOptions

    func run(_ connection: inout Connection) async throws {
        let isChanged = try await App.setEnabled(false, name, &connection)
        write("app \(name) is disabled\(isChanged ? "" : " already")")
    }
}
