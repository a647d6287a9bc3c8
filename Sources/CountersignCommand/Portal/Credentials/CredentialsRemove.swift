import Administration
import ArgumentParser
import Postgres

struct CredentialsRemove: DatabaseCommand {
    static let configuration = CommandConfiguration(
        commandName: "remove",
        abstract: "Take a client id away from a portal.",
        discussion: """
            It is refused within 5 seconds. What was started with it goes on.

            Example:
              countersign portal credentials remove acme acme-web
            """)
    static let role: GroupRole? = .admin

    @Argument(help: "The portal's name.")
    var name: String

    @Argument(help: "The client id.")
    var clientID: String

    @OptionGroup var database: DatabaseOptions

    func run(_ connection: inout Connection) async throws {
        try await PortalCredential.remove(portal: name, clientID: clientID, &connection)
        write("removed client id \(clientID) from portal \(name)")
    }
}
