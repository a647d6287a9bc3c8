import ArgumentParser
import Countersign
import Postgres

struct TypeRemove: DatabaseCommand {
    static let configuration = CommandConfiguration(
        commandName: "remove",
        abstract: "Remove an authentication type.",
        discussion: """
            Requests of that type that are open go on; new ones fail with CS002.

            Example:
              countersign type remove qr-code
            """)
    static let role: GroupRole? = .admin

    @Argument(help: "The type's name.")
    var name: String

    @OptionGroup var database: DatabaseOptions

    func run(_ connection: inout Connection) async throws {
        try await AuthenticationType.remove(name, &connection)
        write("removed authentication type \(name)")
    }
}
