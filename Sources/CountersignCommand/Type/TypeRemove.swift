import Administration
import ArgumentParser

struct TypeRemove: ActionCommand {
    static let configuration = CommandConfiguration(
        commandName: "remove",
        abstract: "Remove an authentication type.",
        discussion: """
            Requests of that type that are open go on; new ones fail with CS002.

            Example:
              countersign type remove qr-code
            """)

    @Argument(help: "The type's name.")
    var name: String

    @OptionGroup var database: DatabaseOptions

    var actions: [OperatorAction] { [.removeType(name)] }
}
