import ArgumentParser
import Countersign

struct KeyGenerate: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "generate",
        abstract: "Print a new master key.",
        discussion: """
            Prints COUNTERSIGN_MASTER_KEY=<id>:<key>, ready for an environment file. Stores nothing.

            Examples:
              countersign key generate > /etc/countersign/key.env
              countersign key generate --id 2
            """)

    @Option(help: "The key's number, 0 to 4294967295, by which sealed values name it. Default: 1.")
    var id: UInt32?

    func run() throws {
        let id = try id ?? Environment.current.value("id") ?? 1
        write("\(MasterKeys.variable)=\(MasterKey.generate(id: id))")
    }
}
