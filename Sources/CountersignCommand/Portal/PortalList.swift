import Administration
import ArgumentParser
import Postgres

struct PortalList: DatabaseCommand {
    static let configuration = CommandConfiguration(
        commandName: "list",
        abstract: "List the portals.",
        discussion: """
            Examples:
              countersign portal list
              countersign portal list --json
            """)
    static let role: GroupRole? = .monitor

    @OptionGroup var output: OutputOptions
    @OptionGroup var database: DatabaseOptions

    func run(_ connection: inout Connection) async throws {
        let records = try await Portal.list(&connection).map { portal -> Record in
            [
                "name": .text(portal.name), "display_name": .text(portal.displayName),
                "login": .text(portal.login), "enabled": .flag(portal.isEnabled),
                "paused": .flag(portal.isPaused),
                "max_open_requests": .number(portal.maxOpenRequests), "over_limit": .flag(portal.isOverLimit),
                "created_at": .time(portal.createdAt),
            ]
        }
        try output.show(records, otherwise: "There are no portals yet.")
    }
}
