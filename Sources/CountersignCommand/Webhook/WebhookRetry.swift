import Administration
import ArgumentParser
import Postgres

struct WebhookRetry: DatabaseCommand {
    static let configuration = CommandConfiguration(
        commandName: "retry",
        abstract: "Send deliveries now: dead or delivered ones again, waiting ones at once.",
        discussion: """
            With the same webhook-id, and on a new schedule if it fails. One that is on its way at this moment is \
            left alone.

            Example:
              countersign webhook retry 0198c2f4-5b1e-7c3a-9f00-3d2a1b0c9e8f
            """)
    static let role: GroupRole? = .admin

    @Argument(help: ArgumentHelp("Transaction ids, at most 1000.", valueName: "transaction-id"))
    var transactionIDs: [Identifier]

    @OptionGroup var database: DatabaseOptions

    mutating func prepare() throws {
        guard (1...1_000).contains(transactionIDs.count) else {
            throw Failure(.usage, "give 1 to 1000 transaction ids, not \(transactionIDs.count)")
        }
    }

    func run(_ connection: inout Connection) async throws {
        let moved = Set(try await WebhookDelivery.sendAgain(transactionIDs, &connection))
        for id in transactionIDs where moved.contains(id) { write("sending \(id)") }
        for id in transactionIDs where !moved.contains(id) {
            guard try await WebhookDelivery.read(id, &connection) != nil else {
                throw WebhookDelivery.unknown(id)
            }
            write("on its way already: \(id)")
        }
    }
}
