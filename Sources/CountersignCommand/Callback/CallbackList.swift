import Administration
import ArgumentParser
import Postgres

struct CallbackList: DatabaseCommand {
    static let configuration = CommandConfiguration(
        commandName: "list",
        abstract: "List the callback addresses of a portal, or of all.",
        discussion: """
            Examples:
              countersign callback list
              countersign callback list acme --json
            """)
    static let role: GroupRole? = .admin

    @Argument(help: "The portal's name.")
    var portal: String?

    @OptionGroup var output: OutputOptions
    @OptionGroup var database: DatabaseOptions

    func run(_ connection: inout Connection) async throws {
        let records = try await Callback.list(portal: portal, &connection).map { callback -> Record in
            [
                "portal": .text(callback.portal), "url": .text(callback.url),
                "username": .text(callback.username),
            ]
        }
        try output.show(records, otherwise: "There are no callback addresses yet.")
    }
}
