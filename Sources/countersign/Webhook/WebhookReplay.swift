import ArgumentParser
import Countersign
import Postgres

struct WebhookReplay: DatabaseCommand {
    static let configuration = CommandConfiguration(
        commandName: "replay",
        abstract: "Send a portal's dead deliveries again.",
        discussion: """
            Those that died since the given time. With the same webhook-ids, and on a new schedule. Safe to \
            interrupt and to repeat.

            Example:
              countersign webhook replay --portal acme --since 2h
            """)
    static let role: GroupRole? = .admin

    @Option(help: "The portal's name.")
    var portal: String

    @Option(help: ArgumentHelp("What died since then: \(Since.allowed).", valueName: "time"))
    var since: String?

    @OptionGroup var database: DatabaseOptions

    private var start: Since?

    mutating func prepare() throws {
        start = try readSince(since)
        guard start != nil else { throw Failure(.usage, "--since is missing: \(Since.allowed)") }
    }

    func run(_ connection: inout Connection) async throws {
        let now = try await connection.run(SystemStatus.clock)[0].timestamp(0)
        guard let start else { return }
        let count = try await WebhookDelivery.replay(portal: portal, since: start.moment(now), &connection)
        write("sending \(count) deliveries of portal \(portal) again")
    }

    private enum CodingKeys: CodingKey { case portal, since, database }
}
