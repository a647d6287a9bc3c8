import Administration
import ArgumentParser
import Countersign
import Postgres

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
        try await sealer.checkMasterKey(&connection)
        let count = try await sealer.reseal(&connection)
        let id = sealer.keys.current.id
        write(
            count == 0
                ? "every secret is sealed with master key \(id) already"
                : "\(count) \(count == 1 ? "secret" : "secrets") sealed anew with master key \(id)")
    }
}
