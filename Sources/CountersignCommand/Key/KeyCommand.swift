import ArgumentParser

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
        subcommands: [KeyGenerate.self, KeyReseal.self, KeyRotate.self])
}
