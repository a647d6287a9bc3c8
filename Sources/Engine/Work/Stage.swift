package import Countersign
package import Logging
package import Postgres

/// What a batch did.
package struct BatchOutcome: Sendable, Equatable {
    /// Rows that were dealt with.
    package var rows = 0
    /// More rows are likely to wait.
    package var full = false
    /// Rows that were looked at were left for a later batch, and nobody rings for them.
    package var leaves = false
    /// How long until the earliest known row falls due, by the database's clock.
    package var due: Duration?
    /// How long each row that got its code had waited for it, by the database's clock.
    package var waits: [Duration] = []
    /// What the rows are, or some of them, for the log.
    package var subjects = LogSubjects(key: "transaction_id", ids: [])

    package init(rows: Int = 0, full: Bool = false, due: Duration? = nil) {
        (self.rows, self.full, self.due) = (rows, full, due)
    }
}

/// One kind of work. All stages are driven by the same `StageLoop`; what differs is the batch.
///
/// Every call runs on a session of its own whose state the loop owns. What a batch writes it writes in one
/// transaction: when that throws, nothing of it happened, or its outcome is unknown because the connection was lost.
package protocol Stage: Sendable {
    var name: StageName { get }

    /// Runs one batch. `prelude` is sent in the same round trip before the batch's first statement, in the
    /// same transaction; its results come first in what is returned.
    mutating func runBatch(
        _ connection: inout Connection, prelude: [Step], limit: Int
    ) async throws -> (prelude: [Rows], outcome: BatchOutcome)

    /// Forgets positions in the queue: the next batch looks at everything.
    mutating func lookAtEverything()

    /// What happens to rows that break a batch; nil for stages whose batches hold no row's own data.
    var repair: (any Repair)? { get }
}

/// How a stage deals with a row that breaks its batch, so that one bad row stops nobody else's.
package protocol Repair: Sendable {
    var claim: Claim { get }
    var lanes: Lanes { get }
    /// The rows of the batch that has failed, where the stage knows them; else those that it would take next.
    var suspects: [Identifier] { get }
    func runAlone(_ key: Identifier, _ connection: inout Connection) async throws
    /// What the log calls the row. Asked only of rows that fail.
    func subject(_ key: Identifier, _ connection: inout Connection) async -> Logger.Metadata
    /// After five failed tries: ends what can be ended, and removes the row from the queue.
    func giveUp(_ key: Identifier, _ connection: inout Connection) async throws
}

extension Repair {
    package var suspects: [Identifier] { [] }

    package func subject(_ key: Identifier, _ connection: inout Connection) async -> Logger.Metadata {
        [claim.key: .string(key.description)]
    }
}
