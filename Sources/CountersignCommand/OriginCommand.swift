import Administration
import ArgumentParser
import Postgres

struct OriginCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "origin",
        abstract: "Where portals' pages are that show sign-ins.",
        discussion: """
            Examples:
              countersign origin add acme https://acme.example
              countersign origin list acme
              countersign origin remove acme https://acme.example
            """,
        subcommands: [OriginList.self] + actionCommands("origin"))
}

struct OriginList: DatabaseCommand {
    static let configuration = CommandConfiguration(
        commandName: "list",
        abstract: "List the origins of a portal, or of all.",
        discussion: """
            Examples:
              countersign origin list
              countersign origin list acme --json
            """)
    static let role: GroupRole? = .monitor

    @Argument(help: "The portal's name.")
    var portal: String?

    @OptionGroup var output: OutputOptions
    @OptionGroup var database: DatabaseOptions

    func run(_ connection: inout Connection) async throws {
        let records = try await BrowserOrigin.list(portal: portal, &connection).map { origin -> Record in
            ["portal": .text(origin.portal), "origin": .text(origin.origin)]
        }
        try output.show(records, otherwise: "There are no origins yet.")
    }
}
