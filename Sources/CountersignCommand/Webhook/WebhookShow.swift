import Administration
import ArgumentParser
import Countersign
import Postgres

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
    var transactionID: Identifier

    @OptionGroup var output: OutputOptions
    @OptionGroup var database: DatabaseOptions

    func run(_ connection: inout Connection) async throws {
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
    fileprivate var record: Record {
        [
            "attempt": .number(number), "started_at": .moment(startedAt),
            "duration_ms": .milliseconds(duration),
            "status_code": .number(statusCode), "error_class": .text(errorClass), "detail": .text(detail),
            "body": .text(body),
        ]
    }
}
