package import Postgres

/// `countersign webhook replay`.
package struct ReplayWebhooks: OperatorAction {
    package static let command = "webhook replay"
    package static let abstract = "Send a portal's dead deliveries again."
    package static let discussion = """
        Those that died since the given time. With the same webhook-ids, and on a new schedule. Safe to \
        interrupt and to repeat.

        Examples:
          countersign webhook replay --portal acme --since 2h
          countersign webhook replay --portal acme --since 2h \\
            --receiver https://acme.example
        """
    package static let inputs = [
        ActionInput("portal", .requiredOption, help: "The portal's name."),
        ActionInput(
            "since", .option, help: "What died since then: \(Since.allowed).", placeholder: "time"),
        ActionInput(
            "receiver", .option, help: "Only what goes to that scheme, host and port.", placeholder: "origin"),
    ]
    package static let event = "webhook.sent_again"
    package static let role = ConsoleRole.operator
    package static let statements: [any StatementFamily.Type] = [FindDead.self]

    private let portal: String
    private let since: Since
    private let receiver: String?

    /// Scheme, host and port of a delivery `d`, as `dispatch_queue` has them.
    static let origin =
        "coalesce(lower(substring(d.callback_uri COLLATE \"C\" FROM '^[A-Za-z]+://[^/?]*')), '')"

    package init(_ words: ActionWords) throws(UnreadableInput) {
        portal = words["portal"]
        guard let typed = words.optional("since") else {
            throw UnreadableInput("--since is missing: \(Since.allowed)")
        }
        since = try Since(typed: typed)
        receiver = words.optional("receiver").map { $0.lowercased() }
        if let receiver, receiver.wholeMatch(of: /https?:\/\/[^\/?#@ ]+/) == nil {
            throw UnreadableInput(
                "--receiver must be scheme, host and port alone, as https://acme.example:8443")
        }
    }

    package static func button(on subject: ActionSubject) -> ActionButton? {
        if case .deadDeliveries(let portal, let receiver, let count, let first) = subject {
            return ActionButton(
                "Replay \(count)", "dead webhooks of \(portal) at \(receiver)",
                ["portal": portal, "receiver": receiver, "since": first.description.prefix(19) + "Z"])
        }
        guard case .deliveries(let portals) = subject, !portals.isEmpty else { return nil }
        return ActionButton(
            "Replay all", "dead webhooks of a portal",
            fields: [
                .init(name: "portal", caption: "Portal", kind: .choice(portals)),
                .init(name: "since", caption: "Dead since", value: "1h", hint: "15m", size: 20),
            ])
    }

    /// A thousand in a transaction.
    package func run(_ connection: inout Connection) async throws -> String {
        let id = try await Portal.identifier(of: portal, &connection)
        let started = try await connection.run(ReadClock()).one().time
        let search = FindDead(
            portalID: id, since: since.moment(started), before: started, receiver: receiver)
        var total = 0
        while true {
            let dead = try await connection.run(search).all()
            let moved = try await WebhookDelivery.sendAgain(dead, &connection).count
            total += moved
            // None moved: their partitions are gone.
            if moved == 0 { return "sending \(total) deliveries of portal \(portal) again" }
        }
    }
}

/// What died in that time: what dies again while replaying is not replayed again.
struct FindDead: PreparedStatement {
    let portalID: Int32
    let since: Timestamp
    let before: Timestamp
    let receiver: String?

    static let statement = Statement(
        "action.dead_deliveries",
        """
        SELECT l.transaction_id FROM countersign.dead_deliveries l
        WHERE l.portal_id = $1 AND l.died_at >= $2 AND l.died_at < $3
          AND ($4::text IS NULL OR (SELECT \(ReplayWebhooks.origin) FROM countersign.webhook_deliveries d
                                    WHERE d.transaction_id = l.transaction_id) = $4)
        ORDER BY l.died_at LIMIT 1000
        """)
    var parameters: [Parameter] {
        [.int32(portalID), .timestamp(since), .timestamp(before), Parameter(receiver)]
    }

    static func decode(_ row: inout RowReader) throws -> Identifier { try row.identifier("transaction_id") }
}
