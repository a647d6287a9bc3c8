import Administration
import ArgumentParser
import Postgres

struct CredentialsAdd: DatabaseCommand {
    static let configuration = CommandConfiguration(
        commandName: "add",
        abstract: "Give a portal a client id and a secret.",
        discussion: """
            Prints both, the secret this once: the database has a slow hash of it. A portal that comes from \
            another product keeps its client id with --client-id.

            Examples:
              countersign portal credentials add acme
              countersign portal credentials add acme --client-id acme-web --json
            """)
    static let role: GroupRole? = .admin

    @Argument(help: "The portal's name.")
    var name: String

    @Option(help: "1 to 63 of A-Z, a-z, 0-9, ., _ and -. Default: the name and some digits.")
    var clientID: String?

    @OptionGroup var output: OutputOptions
    @OptionGroup var database: DatabaseOptions

    func run(_ connection: inout Connection) async throws {
        let wanted = clientID ?? Environment.current.text("client-id")
        let new = try await PortalCredential.add(portal: name, clientID: wanted, &connection)
        try new.show(output, "added a client id to portal \(name)")
    }
}
