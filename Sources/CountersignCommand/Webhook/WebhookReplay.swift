import Administration
import ArgumentParser

struct WebhookReplay: ActionCommand {
    static let configuration = CommandConfiguration(
        commandName: "replay",
        abstract: "Send a portal's dead deliveries again.",
        discussion: """
            Those that died since the given time. With the same webhook-ids, and on a new schedule. Safe to \
            interrupt and to repeat.

            Example:
              countersign webhook replay --portal acme --since 2h
            """)

    @Option(help: "The portal's name.")
    var portal: String

    @Option(help: ArgumentHelp("What died since then: \(Since.allowed).", valueName: "time"))
    var since: String?

    @OptionGroup var database: DatabaseOptions

    var actions: [OperatorAction] {
        get throws {
            guard let since = try readSince(since) else {
                throw Failure(.usage, "--since is missing: \(Since.allowed)")
            }
            return [.replayWebhooks(portal: portal, since: since)]
        }
    }
}
