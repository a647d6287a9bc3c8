package import Postgres

/// `countersign webhook retry`.
package struct RetryWebhooks: OperatorAction {
    package static let command = "webhook retry"
    package static let abstract = "Send deliveries now: dead or delivered ones again, waiting ones at once."
    package static let discussion = """
        With the same webhook-id, and on a new schedule if it fails. One that is on its way at this moment is \
        left alone.

        Example:
          countersign webhook retry 0198c2f4-5b1e-7c3a-9f00-3d2a1b0c9e8f
        """
    package static let inputs = [
        ActionInput(
            "transaction", .arguments, help: "Transaction ids, at most 1000.", placeholder: "transaction-id")
    ]
    package static let event = "webhook.sent_again"
    package static let role = ConsoleRole.operator
    package static let statements: [any StatementFamily.Type] = [FindLostDeliveries.self]

    private let ids: [Identifier]

    package init(_ words: ActionWords) throws(UnreadableInput) {
        var ids: [Identifier] = []
        for word in words.all("transaction") {
            ids.append(try readIdentifier(word, "a transaction id"))
        }
        guard (1...1_000).contains(ids.count) else {
            throw UnreadableInput("give 1 to 1000 transaction ids, not \(ids.count)")
        }
        self.ids = ids
    }

    package static func button(on subject: ActionSubject) -> ActionButton? {
        if case .listedDeliveries(let ids) = subject, ids.count > 1 {
            return ActionButton(
                "Retry these \(ids.count)", "webhooks listed above",
                ["transaction": ids.map { "\($0)" }.joined(separator: "\n")])
        }
        guard case .delivery(let id, let isDead) = subject else { return nil }
        return ActionButton(isDead ? "Replay" : "Retry now", "webhook of \(id)", ["transaction": "\(id)"])
    }

    /// All or, when one is unknown, none.
    package func run(_ connection: inout Connection) async throws -> String {
        if let lost = try await connection.run(FindLostDeliveries(ids: ids)).first() {
            throw lost.isKnown
                ? AdministrationError.refused(
                    "the portal of delivery \(lost.id) was removed: there is nobody to send it to any more")
                : WebhookDelivery.unknown(lost.id)
        }
        let moved = Set(try await WebhookDelivery.sendAgain(ids, &connection))
        // More would stand in no address.
        guard ids.count <= 10 else {
            let others = ids.count - moved.count
            return "sending \(moved.count) deliveries"
                + (others == 0 ? "" : "\n\(others) on their way already")
        }
        return ids.map { moved.contains($0) ? "sending \($0)" : "on its way already: \($0)" }
            .joined(separator: "\n")
    }
}

/// A request without a delivery, or with one whose portal was removed.
struct LostDelivery: RowReadable {
    let id: Identifier
    let isKnown: Bool

    init(_ row: inout RowReader) throws {
        id = try row.identifier("given")
        isKnown = try row.bool("is_known")
    }
}

struct FindLostDeliveries: PreparedStatement {
    let ids: [Identifier]

    typealias Output = LostDelivery

    static let statement = Statement(
        "action.lost_deliveries",
        """
        SELECT given, d.portal_id IS NOT NULL AS is_known FROM unnest($1::uuid[]) AS given
        LEFT JOIN LATERAL (SELECT w.portal_id FROM countersign.webhook_deliveries w
                           WHERE w.transaction_id = given LIMIT 1) AS d ON true
        WHERE NOT EXISTS (SELECT FROM countersign.portals p WHERE p.portal_id = d.portal_id)
        """)
    var parameters: [Parameter] { [.identifiers(ids)] }
}
