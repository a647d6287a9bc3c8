import Administration
import ArgumentParser
import Countersign
import Postgres

struct WebhookCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "webhook",
        abstract: "Webhook deliveries: what waits, what was given up, and sending it again.",
        discussion: """
            Examples:
              countersign webhook list --since 1h
              countersign webhook show 0198c2f4-5b1e-7c3a-9f00-3d2a1b0c9e8f
              countersign webhook retry 0198c2f4-5b1e-7c3a-9f00-3d2a1b0c9e8f
              countersign webhook replay --portal acme --since 2h
              countersign webhook endpoints
              countersign webhook limit acme --concurrency 4 --rate 50
              countersign webhook forward --portal acme http://127.0.0.1:3000/callback
            """,
        subcommands: [WebhookList.self, WebhookShow.self] + actionCommands("webhook")
            + [WebhookEndpoints.self, WebhookLimit.self, WebhookForward.self])
}

struct WebhookList: DatabaseCommand {
    static let configuration = CommandConfiguration(
        commandName: "list",
        abstract: "List deliveries that were given up, that wait, or that were delivered.",
        discussion: """
            Of the newest request first. A dead delivery was refused for good by its receiver, by the address \
            guard, or failed to the end of its schedule; it stays listed until it is sent again or its retention is over.

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
        start = try (since ?? Environment.current.text("since")).map(Since.init(typed:))
        most = try limit ?? Environment.current.value("limit") ?? most
        guard (1...10_000).contains(most) else {
            throw Failure(.usage, "--limit must lie between 1 and 10000, not \(most)")
        }
    }

    func run(_ connection: inout Connection) async throws {
        let now = try await connection.run(ReadClock()).one().time
        var filter = DeliveryFilter()
        (filter.state, filter.since) = (wanted, start?.moment(now))
        filter.portal = portal ?? Environment.current.text("portal")
        let deliveries = try await WebhookDelivery.list(filter, limit: most, &connection)
        try output.show(deliveries.map(\.record), otherwise: "There are no \(wanted.rawValue) deliveries.")
    }

    private enum CodingKeys: CodingKey { case status, portal, since, limit, output, database }
}

extension WebhookDelivery {
    fileprivate var record: Record {
        [
            "transaction_id": .text("\(transactionID)"), "portal": .text(portal), "status": .text(status),
            "attempts": .number(attempts), "created_at": .time(createdAt), "finished_at": .time(finishedAt),
            "next_at": .time(nextAt), "status_code": .number(lastStatusCode), "error_class": .text(lastError),
            "detail": .text(detail), "callback_uri": .text(callbackURI),
        ]
    }
}

struct WebhookShow: DatabaseCommand {
    static let configuration = CommandConfiguration(
        commandName: "show",
        abstract: "Show a delivery with each of its attempts.",
        discussion: """
            What the receiver answered (at most 2 KiB) is shown to members of countersign_admin only.

            Examples:
              countersign webhook show 0198c2f4-5b1e-7c3a-9f00-3d2a1b0c9e8f
              countersign webhook show 0198c2f4-5b1e-7c3a-9f00-3d2a1b0c9e8f --json
            """)
    static let role: GroupRole? = .monitor

    @Argument(help: "The request's transaction_id, which is the webhook-id.")
    var transactionID: String

    @OptionGroup var output: OutputOptions
    @OptionGroup var database: DatabaseOptions

    func prepare() throws { _ = try readIdentifier(transactionID, "a transaction id") }

    func run(_ connection: inout Connection) async throws {
        let transactionID = try readIdentifier(transactionID, "a transaction id")
        guard let (delivery, attempts) = try await WebhookDelivery.read(transactionID, &connection) else {
            throw WebhookDelivery.unknown(transactionID)
        }
        if try output.wantsJSON {
            try output.show(delivery.record + ["tries": .records(attempts.map(\.record))])
        } else {
            write(TextTable.details(delivery.record))
            if !attempts.isEmpty { write("\n" + TextTable(attempts.map(\.record)).text) }
        }
    }
}

extension WebhookDelivery.Attempt {
    /// Without what the receiver answered.
    var summary: Record {
        [
            "attempt": .number(number), "started_at": .moment(startedAt),
            "duration_ms": .milliseconds(duration),
            "status_code": .number(statusCode), "error_class": .text(errorClass),
        ]
    }

    fileprivate var record: Record { summary + ["detail": .text(detail), "body": .text(body)] }
}

struct WebhookEndpoints: DatabaseCommand {
    static let configuration = CommandConfiguration(
        commandName: "endpoints",
        abstract: "List the receivers whose breaker has opened, open ones first.",
        discussion: """
            Nothing is sent to an open one until `open until`; then one delivery is, as a probe, which closes it or \
            opens it for longer.

            Examples:
              countersign webhook endpoints
              countersign webhook endpoints --json
            """)
    static let role: GroupRole? = .monitor

    @OptionGroup var output: OutputOptions
    @OptionGroup var database: DatabaseOptions

    func run(_ connection: inout Connection) async throws {
        let records = try await Breaker.list(&connection).map { endpoint -> Record in
            [
                "portal": .text(endpoint.portal), "endpoint": .text(endpoint.origin),
                "state": .text(endpoint.state), "error_class": .text(endpoint.reason),
                "failing_since": .time(endpoint.failingSince), "changed_at": .time(endpoint.changedAt),
                "open_until": .time(endpoint.openUntil),
            ]
        }
        try output.show(records, otherwise: "No breaker has opened yet.")
    }
}

struct WebhookLimit: DatabaseCommand {
    static let configuration = CommandConfiguration(
        commandName: "limit",
        abstract: "Set how hard each receiver of a portal is hit.",
        discussion: """
            Of each worker to each receiver (scheme, host and port). Holds from the next delivery on.

            Examples:
              countersign webhook limit acme --concurrency 4
              countersign webhook limit acme --rate 50
              countersign webhook limit acme --rate none
            """)
    static let role: GroupRole? = .admin

    @Argument(help: "The portal's name.")
    var portal: String

    @Option(help: "Deliveries at a time, 1 to 100; 8 unless it was set.")
    var concurrency: Int?

    @Option(help: "Deliveries a second, 1 to 100000, or none; none unless it was set.")
    var rate: String?

    @OptionGroup var database: DatabaseOptions

    private var perSecond: Int?

    mutating func prepare() throws {
        concurrency = try concurrency ?? Environment.current.value("concurrency")
        rate = rate ?? Environment.current.text("rate")
        guard concurrency != nil || rate != nil else {
            throw Failure(.usage, "give --concurrency, --rate or both")
        }
        if let concurrency, !(1...100).contains(concurrency) {
            throw Failure(.usage, "--concurrency must lie between 1 and 100, not \(concurrency)")
        }
        guard let rate else { return }
        perSecond = rate == "none" ? 0 : Int(rate)
        guard let perSecond, rate == "none" || (1...100_000).contains(perSecond) else {
            throw Failure(.usage, "--rate must lie between 1 and 100000 or be none, not '\(rate)'")
        }
    }

    func run(_ connection: inout Connection) async throws {
        let journal = try database.openJournal()
        let limits = try await Portal.setWebhookLimits(
            portal, concurrency: concurrency, rate: perSecond, &connection)
        try await journal?.append(
            typed(
                "webhook limit", [portal], ["concurrency": concurrency.map { "\($0)" }, "rate": rate]))
        let rate = limits.rate.map { ", at most \($0) a second" } ?? ""
        write(
            "each worker sends portal \(portal)'s receivers \(limits.concurrency) webhooks at a time\(rate)")
    }

    private enum CodingKeys: CodingKey { case portal, concurrency, rate, database }
}
