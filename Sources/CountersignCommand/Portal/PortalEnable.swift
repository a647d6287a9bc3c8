import Administration
import ArgumentParser

struct PortalEnable: ActionCommand {
    static let configuration = CommandConfiguration(
        commandName: "enable",
        abstract: "Let a portal send requests again.",
        discussion: """
            Example:
              countersign portal enable acme
            """)

    @Argument(help: "The portal's name.")
    var name: String

    @OptionGroup var database: DatabaseOptions

    var actions: [OperatorAction] { [.enablePortal(name)] }
}
