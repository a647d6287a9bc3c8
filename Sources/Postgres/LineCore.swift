/// What the thread of a `Line` and the owner of the connection share.
struct Core {
    struct Waiter {
        let deadline: ContinuousClock.Instant?
        let continuation: CheckedContinuation<Result<[Notification], PostgresError>, Never>
    }

    /// What the thread has to watch.
    struct Watch {
        /// -1, which poll(2) passes over, when nothing is expected from it.
        var socket: Int32
        var deadline: ContinuousClock.Instant?
    }

    /// Resumes a task. To be called with the lock released.
    typealias Resumption = @Sendable () -> Void

    /// So many notifications are kept for an owner who does not ask for them; then they stay in the socket.
    private static let notificationLimit = 4_096

    var opening: CheckedContinuation<PostgresError?, Never>?
    var isAbandoned = false
    var wire: Wire?
    var exchange: (@Sendable (Wire) -> Resumption)?
    var waiter: Waiter?
    /// Whether the thread, as it sleeps now, wakes when the server sends something.
    private(set) var isWatching = false
    /// When the thread, as it sleeps now, wakes by itself.
    private var watchedDeadline: ContinuousClock.Instant?

    func usableWire() throws(PostgresError) -> Wire {
        guard let wire else { throw PostgresError(libpq: "") }
        if wire.isLost { throw wire.lose() }
        return wire
    }

    /// Whether the thread would sleep past what the waiter waits for.
    var mustWake: Bool {
        guard isWatching, let deadline = waiter?.deadline else { return !isWatching }
        return watchedDeadline.map { deadline < $0 } ?? true
    }

    /// What the thread is to watch next; nil when there is no connection.
    mutating func watch() -> Watch? {
        guard let wire else { return nil }
        isWatching = !wire.isLost && wire.notifications.count < Self.notificationLimit
        watchedDeadline = waiter?.deadline
        return Watch(socket: isWatching ? wire.socket : -1, deadline: watchedDeadline)
    }

    /// What the thread does each time it wakes: runs the exchange, or reads what has come by itself and ends
    /// the wait for it. `isInterrupted` is asked only when somebody waits, and forgets.
    mutating func attend(isReadable: Bool, isInterrupted: () -> Bool) -> Resumption? {
        guard let wire else { return nil }
        if let exchange {
            self.exchange = nil
            wire.isReadable = isReadable
            return exchange(wire)
        }
        if isReadable { wire.absorb() }
        return waiter.flatMap { attend($0, wire, isInterrupted: isInterrupted()) }
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
