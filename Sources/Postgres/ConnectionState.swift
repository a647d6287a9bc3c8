/// What the thread of a connection and the owner of the connection share, under a mutex.
struct ConnectionState {
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

    /// How often the thread looks up from its sleep where answers have a limit. It learns of an exchange by its
    /// answer, as waking it for each costs a fifth of a round trip; by this it learns of those without an answer.
    private static let lookInterval = Duration.seconds(1)

    /// So many notifications are kept for an owner who does not ask for them; then they stay in the socket.
    private static let notificationLimit = 4_096

    private let looksAround: Bool
    var opening: CheckedContinuation<PostgresError?, Never>?
    var isAbandoned = false
    var libpq: LibpqConnection?
    var exchange: (@Sendable (LibpqConnection) -> Resumption)?
    var waiter: Waiter?
    /// Whether the thread, as it sleeps now, wakes when the server sends something.
    private(set) var isWatching = false
    /// When the thread, as it sleeps now, wakes by itself.
    private var watchedDeadline: ContinuousClock.Instant?

    init(looksAround: Bool) { self.looksAround = looksAround }

    func usableConnection() throws(PostgresError) -> LibpqConnection {
        guard let libpq else { throw PostgresError(libpq: "") }
        if libpq.isLost { throw libpq.lose() }
        return libpq
    }

    /// Whether the thread would sleep past what the waiter waits for.
    var mustWake: Bool {
        guard isWatching, let deadline = waiter?.deadline else { return !isWatching }
        return watchedDeadline.map { deadline < $0 } ?? true
    }

    /// What the thread is to watch next; nil when there is no connection.
    mutating func watch() -> Watch? {
        guard let libpq else { return nil }
        isWatching = !libpq.isLost && libpq.notifications.count < Self.notificationLimit
        watchedDeadline = waiter?.deadline
        if looksAround {
            let look = ContinuousClock.now + Self.lookInterval
            watchedDeadline = watchedDeadline.map { min($0, look) } ?? look
        }
        return Watch(socket: isWatching ? libpq.socket : -1, deadline: watchedDeadline)
    }

    /// What the thread does each time it wakes: runs the exchange, or reads what has come by itself and ends
    /// the wait for it. `isInterrupted` is asked only when somebody waits, and forgets.
    mutating func handleWakeup(isReadable: Bool, isInterrupted: () -> Bool) -> Resumption? {
        guard let libpq else { return nil }
        if let exchange {
            self.exchange = nil
            libpq.isReadable = isReadable
            return exchange(libpq)
        }
        if isReadable { libpq.readPending() }
        return waiter.flatMap { answer($0, libpq, isInterrupted: isInterrupted()) }
    }

    private mutating func answer(
        _ waiter: Waiter, _ libpq: LibpqConnection, isInterrupted: Bool
    ) -> Resumption? {
        let result: Result<[Notification], PostgresError>
        if !libpq.notifications.isEmpty {
            result = .success(libpq.notifications)
            libpq.notifications = []
        } else if libpq.isLost {
            result = .failure(libpq.lose())
        } else if isInterrupted || waiter.deadline.map({ $0 <= .now }) == true {
            result = .success([])
        } else {
            return nil
        }
        self.waiter = nil
        return { waiter.continuation.resume(returning: result) }
    }
}
