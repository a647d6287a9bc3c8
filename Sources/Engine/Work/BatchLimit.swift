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
