import Administration
import ArgumentParser
import Countersign
import Postgres

struct PortalCredentials: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "credentials",
        abstract: "Client ids and secrets with which portals speak HTTP.",
        discussion: """
            To change a secret without an interruption, add a second client id, give it to the portal, and remove \
            the first. A change counts within 3 seconds.

            Examples:
              countersign portal credentials acme
              countersign portal credentials add acme --client-id acme-web
              countersign portal credentials list acme
              countersign portal credentials rotate acme acme-web
              countersign portal credentials remove acme acme-web
            """,
        subcommands: [
            CredentialsAdd.self, CredentialsList.self, CredentialsRotate.self, CredentialsRemove.self,
        ],
        defaultSubcommand: CredentialsAdd.self)
}

extension NewPortalCredential {
    fileprivate func shownOnce(_ sentence: String) -> ShownOnce {
        ShownOnce(
            sentence, [("client_id", clientID), ("client_secret", secret)], "The secret is shown only now.")
    }
}

struct CredentialsAdd: DatabaseCommand {
    static let configuration = CommandConfiguration(
        commandName: "add",
        abstract: "Give a portal a client id and a secret.",
        discussion: """
            Prints both, the secret this once: the database has a digest of it. A portal that comes from \
            another product keeps its client id with --client-id.

            Examples:
              countersign portal credentials add acme
              countersign portal credentials add acme --client-id acme-web --json
            """)
    static let role: GroupRole? = .admin

    @Argument(help: "The portal's name.")
    var name: String

    @Option(help: "1 to 64 of A-Z, a-z, 0-9, ., _ and -. Default: the name and some digits.")
    var clientID: String?

    @OptionGroup var output: OutputOptions
    @OptionGroup var database: DatabaseOptions

    func run(_ connection: inout Connection) async throws {
        let wanted = clientID ?? Environment.current.text("client-id")
        let journal = try database.openJournal()
        try await connection.handOver(output) { connection in
            let added = try await PortalCredential.add(portal: name, clientID: wanted, &connection)
            try await journal?.append(PortalCredential.line("add", portal: name, clientID: added.clientID))
            return added.shownOnce("added a client id to portal \(name)")
        }
    }
}

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
        let journal = try database.openJournal()
        try await connection.handOver(output) { connection in
            let rotated = try await PortalCredential.rotate(portal: name, clientID: clientID, &connection)
            try await journal?.append(PortalCredential.line("rotate", portal: name, clientID: clientID))
            return rotated.shownOnce("client id \(clientID) of portal \(name) has a new secret")
        }
    }
}

struct CredentialsRemove: DatabaseCommand {
    static let configuration = CommandConfiguration(
        commandName: "remove",
        abstract: "Take a client id away from a portal.",
        discussion: """
            It is refused within 3 seconds. What was started with it goes on.

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
        let journal = try database.openJournal()
        try await PortalCredential.remove(portal: name, clientID: clientID, &connection)
        try await journal?.append(PortalCredential.line("remove", portal: name, clientID: clientID))
        write("removed client id \(clientID) from portal \(name)")
    }
}
