import Administration
import ArgumentParser
import Postgres

struct CredentialsRotate: DatabaseCommand {
    static let configuration = CommandConfiguration(
        commandName: "rotate",
        abstract: "Give a client id a new secret; the old one no longer works.",
        discussion: """
            Example:
              countersign portal credentials rotate acme acme-web
            """)
    static let role: GroupRole? = .admin

    @Argument(help: "The portal's name.")
    var name: String

    @Argument(help: "The client id.")
    var clientID: String

    @OptionGroup var output: OutputOptions
    @OptionGroup var database: DatabaseOptions

    func run(_ connection: inout Connection) async throws {
        let new = try await PortalCredential.rotate(portal: name, clientID: clientID, &connection)
        try new.show(output, "client id \(clientID) of portal \(name) has a new secret")
    }
}
