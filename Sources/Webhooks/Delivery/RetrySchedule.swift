/// When a failed delivery is tried again: the life of a sign-in, not days.
package enum RetrySchedule {
    /// Seconds after the end of the first, second, ... failed attempt; after the last the delivery is dead.
    package static let delays: [Int] = [1, 3, 10, 30, 60, 120, 300, 900]
    /// Retry-After is honoured up to the longest delay.
    static let longestRetryAfter = 900

    /// Nil when no attempt is left. Jittered by up to a fifth, never earlier than the schedule, so that a
    /// receiver that comes back is not met by all at once. `retryAfter` in seconds, RFC 9110 section 10.2.3.
    package static func delay(afterAttempt attempt: Int, retryAfter: Int?) -> Duration? {
        guard attempt >= 1, attempt <= delays.count else { return nil }
        let asked = min(retryAfter ?? 0, longestRetryAfter)
        return .seconds(max(delays[attempt - 1], asked)) * Double.random(in: 1...1.2)
    }
}
