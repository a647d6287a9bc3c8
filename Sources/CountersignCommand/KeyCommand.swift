import Administration
import ArgumentParser
import Countersign
import Postgres

struct KeyCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "key",
        abstract: "The master key, which seals secrets at rest, and the server's shared OpenPGP key.",
        discussion: """
            COUNTERSIGN_MASTER_KEY holds <id>:<base64 of 32 bytes>, and more of them after commas. The first \
            seals, all open. To change the key without stopping anything:
              1. countersign key generate --id 2
              2. everywhere COUNTERSIGN_MASTER_KEY=1:<old>,2:<new> (all can open both)
              3. everywhere COUNTERSIGN_MASTER_KEY=2:<new>,1:<old> (the new one seals)
              4. countersign key reseal
              5. everywhere COUNTERSIGN_MASTER_KEY=2:<new>

            Keep it where backups of the database are not. Without it, what it has sealed is lost.
            """,
        subcommands: [KeyGenerate.self, KeyReseal.self] + actionCommands("key"))
}

struct KeyGenerate: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "generate",
        abstract: "Print a new master key.",
        discussion: """
            Prints COUNTERSIGN_MASTER_KEY=<id>:<key>, ready for an environment file. Stores nothing.

            Examples:
              (umask 077; countersign key generate > /etc/countersign/key.env)
              countersign key generate --id 2
            """)

    @Option(help: "The key's number, 0 to 4294967295, by which sealed values name it. Default: 1.")
    var id: UInt32?

    func run() throws {
        let id = try id ?? Environment.current.value("id") ?? 1
        write("\(MasterKeys.variable)=\(MasterKey.generate(id: id))")
    }
}

struct KeyReseal: DatabaseCommand {
    static let configuration = CommandConfiguration(
        commandName: "reseal",
        abstract: "Seal all secrets with the first master key.",
        discussion: """
            Afterwards the other keys of COUNTERSIGN_MASTER_KEY are no longer needed. Works in small batches \
            while everything runs; when it is interrupted, run it again.

            Example:
              COUNTERSIGN_MASTER_KEY=2:<new>,1:<old> countersign key reseal
            """)
    static let role: GroupRole? = .admin

    @OptionGroup var database: DatabaseOptions

    func run(_ connection: inout Connection) async throws {
        let sealer = Sealer(try Environment.current.masterKeys())
        let journal = try database.openJournal()
        try await sealer.checkMasterKey(&connection)
        // Before the first portion, each of which counts.
        try await journal?.append(typed("key reseal"))
        let count = try await sealer.reseal(&connection)
        let id = sealer.keys.current.id
        write(
            count == 0
                ? "every secret is sealed with master key \(id) already"
                : "\(count) \(count == 1 ? "secret" : "secrets") sealed anew with master key \(id)")
    }
}
