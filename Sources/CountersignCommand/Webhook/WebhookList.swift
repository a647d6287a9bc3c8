import Administration
import ArgumentParser
import Postgres

struct WebhookList: DatabaseCommand {
    static let configuration = CommandConfiguration(
        commandName: "list",
        abstract: "List deliveries that were given up, that wait, or that were delivered.",
        discussion: """
            Newest first. A dead delivery was refused for good by its receiver, by the address guard, or failed to \
            the end of its schedule; it stays listed until it is sent again or its retention is over.

            Examples:
              countersign webhook list
              countersign webhook list --status waiting --portal acme
              countersign webhook list --since 24h --json
            """)
    static let role: GroupRole? = .monitor

    @Option(help: "dead, waiting or delivered. (default: dead)")
    var status: String?

    @Option(help: "The portal's name. (default: all)")
    var portal: String?

    @Option(help: ArgumentHelp("Only since then: \(Since.allowed). (default: all)", valueName: "time"))
    var since: String?

    @Option(help: "How many at most, 1 to 10000. (default: 100)")
    var limit: Int?

    @OptionGroup var output: OutputOptions
    @OptionGroup var database: DatabaseOptions

    private var wanted = WebhookDelivery.State.dead
    private var most = 100
    private var start: Since?

    mutating func prepare() throws {
        if let text = status ?? Environment.current.text("status") {
            guard let state = WebhookDelivery.State(rawValue: text) else {
                throw Failure(.usage, "--status must be dead, waiting or delivered, not '\(text)'")
            }
            wanted = state
        }
        start = try readSince(since)
        most = try limit ?? Environment.current.value("limit") ?? most
        guard (1...10_000).contains(most) else {
            throw Failure(.usage, "--limit must lie between 1 and 10000, not \(most)")
        }
    }

    func run(_ connection: inout Connection) async throws {
        let now = try await connection.run(SystemStatus.clock)[0].timestamp(0)
        let deliveries = try await WebhookDelivery.list(
            wanted, portal: portal ?? Environment.current.text("portal"), since: start?.moment(now),
            limit: most, &connection)
        try output.show(deliveries.map(\.record), otherwise: "There are no \(wanted.rawValue) deliveries.")
    }

    private enum CodingKeys: CodingKey { case status, portal, since, limit, output, database }
}

extension WebhookDelivery {
    var record: Record {
        [
            "transaction_id": .text("\(transactionID)"), "portal": .text(portal), "status": .text(status),
            "attempts": .number(attempts), "created_at": .time(createdAt), "finished_at": .time(finishedAt),
            "next_at": .time(nextAt), "status_code": .number(lastStatusCode), "error_class": .text(lastError),
            "detail": .text(detail), "callback_uri": .text(callbackURI),
        ]
    }
}
