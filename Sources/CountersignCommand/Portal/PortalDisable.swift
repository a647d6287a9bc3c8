import Administration
import ArgumentParser

struct PortalDisable: ActionCommand {
    static let configuration = CommandConfiguration(
        commandName: "disable",
        abstract: "Refuse a portal's new requests.",
        discussion: """
            Its INSERTs fail with CS008 until it is enabled again. Nothing of it is deleted, and its webhooks wait.

            Example:
              countersign portal disable acme
            """)

    @Argument(help: "The portal's name.")
    var name: String

    @OptionGroup var database: DatabaseOptions

    var actions: [OperatorAction] { [.disablePortal(name)] }
}
