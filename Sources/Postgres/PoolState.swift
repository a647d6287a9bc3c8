/// Who holds which place of a pool, and who waits for one. Decides; `Pool` acts.
struct PoolState: Sendable {
    enum Grant: Sendable {
        case idle(PooledConnection)
        /// A place in which a connection is to be opened.
        case empty
    }

    enum Answer {
        case granted(Grant)
        /// The number under which to wait.
        case waits(Int)
    }

    typealias Continuation = CheckedContinuation<Grant, any Error>

    /// A task to be resumed once the lock is released.
    struct Resumption: Sendable {
        let continuation: Continuation
        let result: Result<Grant, any Error>

        func resume() { continuation.resume(with: result) }
    }

    private struct Waiter: Sendable {
        let ticket: Int
        /// Nil until its task has come to wait.
        var continuation: Continuation?
        /// What it was given, or why it gave up, before it had come to wait.
        var result: Result<Grant, any Error>?
    }

    private let size: Int
    private let maxWaiting: Int
    private var open = 0
    private var idle: [PooledConnection] = []
    private var waiters: [Waiter] = []
    private var lastTicket = 0
    private var isClosed = false

    init(size: Int, maxWaiting: Int) {
        (self.size, self.maxWaiting) = (size, maxWaiting)
    }

    mutating func ask() throws(PoolExhausted) -> Answer {
        if let connection = idle.popLast() { return .granted(.idle(connection)) }
        if open < size {
            open += 1
            return .granted(.empty)
        }
        guard waiters.count < maxWaiting else { throw PoolExhausted() }
        lastTicket += 1
        waiters.append(Waiter(ticket: lastTicket))
        return .waits(lastTicket)
    }

    mutating func wait(_ ticket: Int, _ continuation: Continuation) -> Resumption? {
        guard let place = waiters.firstIndex(where: { $0.ticket == ticket }) else { return nil }
        guard let result = waiters[place].result else {
            waiters[place].continuation = continuation
            return nil
        }
        waiters.remove(at: place)
        return Resumption(continuation: continuation, result: result)
    }

    /// A place is free again, with a connection in it or without.
    mutating func release(_ connection: PooledConnection?) -> Resumption? {
        let kept = isClosed ? nil : connection
        guard let place = waiters.firstIndex(where: { $0.result == nil }) else {
            if let kept { idle.append(kept) } else { open -= 1 }
            return nil
        }
        return settle(place, .success(kept.map(Grant.idle) ?? .empty))
    }

    mutating func giveUp(_ ticket: Int, _ error: any Error) -> Resumption? {
        guard let place = waiters.firstIndex(where: { $0.ticket == ticket && $0.result == nil }) else {
            return nil
        }
        return settle(place, .failure(error))
    }

    mutating func close() -> [PooledConnection] {
        isClosed = true
        defer { idle = [] }
        open -= idle.count
        return idle
    }

    private mutating func settle(_ place: Int, _ result: Result<Grant, any Error>) -> Resumption? {
        guard let continuation = waiters[place].continuation else {
            waiters[place].result = result
            return nil
        }
        waiters.remove(at: place)
        return Resumption(continuation: continuation, result: result)
    }
}
