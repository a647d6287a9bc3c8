/// What thread and owner share.
struct Core {
    struct Waiter {
        let deadline: ContinuousClock.Instant?
        let continuation: CheckedContinuation<Result<[Notification], PostgresError>, Never>
    }

    /// Runs with the lock released.
    typealias Resumption = @Sendable () -> Void

    var opening: CheckedContinuation<PostgresError?, Never>?
    var isAbandoned = false
    var wire: Wire?
    var exchange: (@Sendable (Wire) -> Resumption)?
    var waiter: Waiter?

    /// What the thread has to watch.
    struct Watch {
        /// -1 when there is nothing to expect from it, which poll(2) passes over.
        var socket: Int32
        var deadline: ContinuousClock.Instant?
    }

    /// So many notifications are kept for an owner who does not ask for them; then they stay in the socket.
    private static let notificationLimit = 4_096

    /// Whether the thread wakes when the server sends something.
    var isWatching: Bool {
        guard let wire else { return false }
        return !wire.isLost && wire.notifications.count < Self.notificationLimit
    }

    var watch: Watch? {
        guard let wire else { return nil }
        return Watch(socket: isWatching ? wire.socket : -1, deadline: waiter?.deadline)
    }

    func usableWire() throws(PostgresError) -> Wire {
        guard let wire else { throw PostgresError(libpq: "") }
        if wire.isLost { throw wire.lose() }
        return wire
    }

    /// What the thread does each time it wakes.
    mutating func attend(isReadable: Bool, isInterrupted: Bool) -> Resumption? {
        guard let wire else { return nil }
        wire.isReadable = isReadable
        if let exchange {
            self.exchange = nil
            return exchange(wire)
        }
        if isReadable { wire.absorb() }
        return waiter.flatMap { attend($0, wire, isInterrupted: isInterrupted) }
    }

    private mutating func attend(_ waiter: Waiter, _ wire: Wire, isInterrupted: Bool) -> Resumption? {
        let result: Result<[Notification], PostgresError>
        if !wire.notifications.isEmpty {
            result = .success(wire.notifications)
            wire.notifications = []
        } else if wire.isLost {
            result = .failure(wire.lose())
        } else if isInterrupted || waiter.deadline.map({ $0 <= .now }) == true {
            result = .success([])
        } else {
            return nil
        }
        self.waiter = nil
        return { waiter.continuation.resume(returning: result) }
    }
}
