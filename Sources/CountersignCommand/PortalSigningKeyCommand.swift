import Administration
import ArgumentParser
import Countersign
import Postgres

/// `countersign portal signing-key`.
struct PortalSigningKey: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "signing-key",
        abstract: "An ed25519 key that signs a portal's webhooks, too.",
        discussion: """
            Webhooks of a portal with a key carry a `v1a` signature beside that of its secret, which can be \
            verified by whoever has the public key (whpk_), and forged by nobody who has only that.

            Examples:
              countersign portal signing-key add acme
              countersign portal signing-key show acme
              countersign portal signing-key remove acme
            """,
        subcommands: [Add.self, Show.self, Remove.self])

    struct Add: DatabaseCommand {
        static let configuration = CommandConfiguration(
            commandName: "add",
            abstract: "Make a key, and print its public half.",
            discussion: """
                Signs from now on; the secret half is stored sealed only, for which COUNTERSIGN_MASTER_KEY must be \
                set.

                Example:
                  countersign portal signing-key add acme
                """)
        static let role: GroupRole? = .admin

        @Argument(help: "The portal's name.")
        var name: String
        @OptionGroup var output: OutputOptions
        @OptionGroup var database: DatabaseOptions

        func run(_ connection: inout Connection) async throws {
            let sealer = Sealer(try Environment.current.masterKeys())
            let journal = try database.openJournal()
            try await connection.handOver({ try output.text($0) }) { connection in
                let key = try await Portal.addSigningKey(name, sealer, &connection)
                try await journal?.append(Portal.signingKeyLine("add", portal: name))
                return keyRecord(name, key)
            }
        }
    }

    struct Show: DatabaseCommand {
        static let configuration = CommandConfiguration(
            commandName: "show",
            abstract: "Print the public half of a portal's key.",
            discussion: """
                COUNTERSIGN_MASTER_KEY must be set.

                Example:
                  countersign portal signing-key show acme
                """)
        static let role: GroupRole? = .admin

        @Argument(help: "The portal's name.")
        var name: String
        @OptionGroup var output: OutputOptions
        @OptionGroup var database: DatabaseOptions

        func run(_ connection: inout Connection) async throws {
            let sealer = Sealer(try Environment.current.masterKeys())
            try output.show(keyRecord(name, try await Portal.signingKey(name, sealer, &connection)))
        }
    }

    struct Remove: DatabaseCommand {
        static let configuration = CommandConfiguration(
            commandName: "remove",
            abstract: "Let only the secret sign again.",
            discussion: """
                Example:
                  countersign portal signing-key remove acme
                """)
        static let role: GroupRole? = .admin

        @Argument(help: "The portal's name.")
        var name: String
        @OptionGroup var database: DatabaseOptions

        func run(_ connection: inout Connection) async throws {
            let journal = try database.openJournal()
            let wasThere = try await Portal.removeSigningKey(name, &connection)
            if wasThere { try await journal?.append(Portal.signingKeyLine("remove", portal: name)) }
            write(
                wasThere ? "removed the signing key of portal \(name)" : "portal \(name) has no signing key")
        }
    }
}

private func keyRecord(_ name: String, _ key: String?) -> Record {
    ["name": .text(name), "public_key": .text(key)]
}
