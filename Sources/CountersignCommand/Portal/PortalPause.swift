import Administration
import ArgumentParser

struct PortalPause: ActionCommand {
    static let configuration = CommandConfiguration(
        commandName: "pause",
        abstract: "Accept a portal's requests, and let them and its webhooks wait.",
        discussion: """
            No codes are issued and no webhooks sent for it until `portal resume`. Nothing is lost, but time goes \
            on: a request that waits past its end expires.

            Example:
              countersign portal pause acme
            """)

    @Argument(help: "The portal's name.")
    var name: String

    @OptionGroup var database: DatabaseOptions

    var actions: [OperatorAction] { [.pausePortal(name)] }
}

struct PortalResume: ActionCommand {
    static let configuration = CommandConfiguration(
        commandName: "resume", abstract: "Let a paused portal go on.",
        discussion: "Example:\n  countersign portal resume acme")

    @Argument(help: "The portal's name.")
    var name: String

    @OptionGroup var database: DatabaseOptions

    var actions: [OperatorAction] { [.resumePortal(name)] }
}

struct PortalLimit: ActionCommand {
    static let configuration = CommandConfiguration(
        commandName: "limit", abstract: "Change how many open requests a portal may have.",
        discussion: """
            Beyond it new requests are refused with CS008. The count is taken once a second, so the limit is soft.

            Example:
              countersign portal limit acme 5000
            """)

    @Argument(help: "The portal's name.")
    var name: String

    @Argument(help: "1 to 100000000; a new portal has 100000.")
    var limit: String

    @OptionGroup var database: DatabaseOptions

    var actions: [OperatorAction] { get throws { [try .limitPortal(name, typed: limit)] } }
}
