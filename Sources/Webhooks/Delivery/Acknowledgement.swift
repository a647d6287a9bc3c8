import Postgres

/// What is written back of an attempt.
struct Acknowledgement: Sendable {
    enum Outcome: String { case delivered, retry, dead }

    let delivery: Delivery
    let startedAt: Timestamp
    let milliseconds: Int
    private(set) var result: DeliveryResult
    /// How long until the next attempt; nil unless the outcome is `retry`.
    let delay: Duration?

    init(_ delivery: Delivery, startedAt: Timestamp, milliseconds: Int, result: DeliveryResult) {
        self.delivery = delivery
        self.startedAt = startedAt
        self.milliseconds = milliseconds
        self.result = result
        let triesAgain = result.failure != nil && !result.isFinal
        let attempt = delivery.attempt - delivery.attemptsBefore
        delay = triesAgain ? RetrySchedule.delay(afterAttempt: attempt, retryAfter: result.retryAfter) : nil
    }

    /// With nothing of what the receiver or the network has said.
    var withoutTexts: Acknowledgement {
        var copy = self
        (copy.result.body, copy.result.detail) = ("", nil)
        return copy
    }

    /// Whether there is anything of that.
    var hasTexts: Bool { !result.body.isEmpty || result.detail != nil }

    var outcome: Outcome { result.failure == nil ? .delivered : delay == nil ? .dead : .retry }
}
