import Administration
import ArgumentParser
import Postgres

struct CredentialsList: DatabaseCommand {
    static let configuration = CommandConfiguration(
        commandName: "list",
        abstract: "List the client ids of a portal, or of all.",
        discussion: """
            Examples:
              countersign portal credentials list
              countersign portal credentials list acme --json
            """)
    static let role: GroupRole? = .admin

    @Argument(help: "The portal's name. Default: all portals.")
    var name: String?

    @OptionGroup var output: OutputOptions
    @OptionGroup var database: DatabaseOptions

    func run(_ connection: inout Connection) async throws {
        let records = try await PortalCredential.list(portal: name, &connection).map { credential -> Record in
            [
                "portal": .text(credential.portal), "client_id": .text(credential.clientID),
                "created": .time(credential.createdAt),
            ]
        }
        try output.show(records, otherwise: "no client ids")
    }
}
