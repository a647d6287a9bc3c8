import Administration
import ArgumentParser

struct CallbackRemove: ActionCommand {
    static let configuration = CommandConfiguration(
        commandName: "remove",
        abstract: "Remove a callback address from a portal.",
        discussion: """
            Deliveries to it that are waiting are given up as refused, unless callback_allowlist_enabled is off; \
            add it again and `countersign webhook replay` sends them.

            Example:
              countersign callback remove acme https://acme.example/callback
            """)

    @Argument(help: "The portal's name.")
    var portal: String

    @Argument(help: "The address, exactly as it is listed.")
    var url: String

    @OptionGroup var database: DatabaseOptions

    var actions: [OperatorAction] { [.removeCallback(portal: portal, url: url)] }
}
