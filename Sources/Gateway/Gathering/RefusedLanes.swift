import Synchronization

/// Lanes whose calls the server has refused lately.
final class RefusedLanes: Sendable {
    /// So long one of them goes alone.
    private static let length = Duration.seconds(10)
    private static let capacity = 4_096

    private let since = Mutex<[String: ContinuousClock.Instant]>([:])
    /// As a rule there are none, and then nobody takes the lock.
    private let isEmpty = Atomic(true)

    func insert(_ lane: String) {
        since.withLock { since in
            if since.count >= Self.capacity { since = [:] }
            since[lane] = .now
        }
        isEmpty.store(false, ordering: .relaxed)
    }

    func contains(_ lane: String) -> Bool {
        guard !isEmpty.load(ordering: .relaxed) else { return false }
        return since.withLock { since in
            guard let entered = since[lane] else { return false }
            if entered.duration(to: .now) < Self.length { return true }
            since[lane] = nil
            return false
        }
    }
}
