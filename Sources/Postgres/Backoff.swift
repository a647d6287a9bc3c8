/// The pauses between attempts: doubling up to a cap, each shortened at random by up to a half, so that many
/// clients of one server do not come back at the same moment.
package struct Backoff: Sendable {
    private let first: Duration
    private let cap: Duration
    private var next: Duration

    package init(first: Duration = .milliseconds(100), cap: Duration = .seconds(5)) {
        self.first = first
        self.cap = cap
        next = first
    }

    /// Begins again with the first pause, after a success.
    package mutating func reset() {
        next = first
    }

    /// The length of the pause that is due now; the next one is twice as long.
    package mutating func advance() -> Duration {
        defer { next = min(next * 2, cap) }
        return next * Double.random(in: 0.5...1)
    }

    /// Pauses. Throws `CancellationError` as soon as the task is cancelled.
    package mutating func wait() async throws {
        try await Task.sleep(for: advance())
    }
}
