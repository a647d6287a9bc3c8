package import Logging
import Postgres

/// How many rows a stage takes at a time while its batches take too long. A pure value.
///
/// A batch that runs into the time limit is taken up again with half as many rows, and so on until one passes:
/// 300,000 requests that fell due together ended the expire stage for good while it tried the same batch again and
/// again. The limit grows by a quarter each ten seconds, until it is what the stage takes as a rule.
package struct BatchLimit: Sendable {
    static let growthInterval = Duration.seconds(10)

    /// Nil while nothing is reduced.
    package private(set) var reduced: Int?
    private var lastChange = ContinuousClock.now

    package init() {}

    /// Rows to take, of the most that the stage takes as a rule.
    package func rows(of most: Int) -> Int { min(reduced ?? most, most) }

    /// Takes note of a batch of at most so many rows that took too long. Returns whether fewer can be taken.
    package mutating func timedOut(_ rows: Int, now: ContinuousClock.Instant = .now) -> Bool {
        reduced = max(1, rows / 2)
        lastChange = now
        return rows > 1
    }

    /// Takes note of a batch that was in time. Returns true when from now on the stage takes as many as ever.
    package mutating func passed(of most: Int, now: ContinuousClock.Instant = .now) -> Bool {
        guard let rows = reduced, lastChange.duration(to: now) >= Self.growthInterval else { return false }
        lastChange = now
        reduced = rows + max(1, rows / 4)
        guard rows + max(1, rows / 4) >= most else { return false }
        reduced = nil
        return true
    }
}

extension BatchLimit {
    /// If the error says that the batch took too long, says so the first time, and returns whether one with fewer rows
    /// is worth trying at once. `most` is what the stage takes as a rule.
    package mutating func halve(
        after error: any Error, of most: Int, _ statistics: StageStatistics, _ logger: Logger
    ) -> Bool {
        guard PostgresError(in: error)?.state == .queryCanceled else { return false }
        let isFirst = reduced == nil
        let rows = rows(of: most)
        statistics.meters.timedOut()
        guard timedOut(rows) else { return false }
        if isFirst {
            statistics.failed(error)
            logger.warning(
                "batch took too long; taking fewer rows until one is in time",
                metadata: ["error": "\(error)", "rows": "\(rows)"])
        }
        return true
    }

    /// Takes note of a batch that was in time, and says when the stage takes as many as ever again.
    package mutating func passed(of most: Int, _ logger: Logger) {
        if passed(of: most) { logger.notice("batches are whole again", metadata: ["rows": "\(most)"]) }
    }
}
