import Glibc
import Logging
import Synchronization

/// The thread behind one connection.
///
/// It blocks in poll(2) on the connection's socket and on a `WakeupSocket`, so that an idle connection takes its
/// notifications and notices a dead server by itself, and waits for answers where blocking harms nobody.
/// A small query is sent by the task that asks, so that only the answer has to pass from thread to thread.
///
/// Measured on 2 cores, PostgreSQL 15 over a Unix socket, a prepared `SELECT 1` 20,000 times, microseconds a
/// round trip and of them processor time of the client; first with cores that fall asleep in between, then
/// with cores that other work keeps awake:
/// - bare PQexecPrepared: 50 and 18; 12 and 5
/// - this: 53 and 26; 24 and 15
/// - this, with sending on the thread, too: 63 and 31
/// - non-blocking, with a dispatch source armed only while a task waits: 56 and 38; 29 and 20
///
/// In a pipeline of 100 a step takes 3. A connection takes some 30 KiB of memory.
final class ConnectionThread: Sendable {
    private let state: Mutex<ConnectionState>
    private let wakeup: WakeupSocket
    let options: ConnectionOptions
    private let isClosing = Atomic(false)
    private let isInterrupted = Atomic(false)
    private let isCancelled = Atomic(false)
    private let cancelRequest = Mutex<CancelRequest?>(nil)

    /// Starts the thread, which connects first. When the task is cancelled meanwhile, this returns at once
    /// and the thread ends when libpq is done.
    static func open(_ options: ConnectionOptions) async throws(PostgresError) -> ConnectionThread {
        guard let wakeup = WakeupSocket() else { throw PostgresError("53000", "no file descriptor left") }
        let thread = ConnectionThread(wakeup: wakeup, options)
        let failure: PostgresError? = await withTaskCancellationHandler {
            await withCheckedContinuation { thread.start(options, $0) }
        } onCancel: {
            thread.abandon()
        }
        if let failure { throw failure }
        return thread
    }

    private init(wakeup: WakeupSocket, _ options: ConnectionOptions) {
        (self.wakeup, self.options) = (wakeup, options)
        state = Mutex(ConnectionState(looksAround: options.answerLimit != nil))
    }

    /// When an answer that is asked for now is late.
    func deadline(_ limit: Duration?) -> ContinuousClock.Instant? {
        (limit ?? options.answerLimit).map { ContinuousClock.now + $0 }
    }

    /// Ends the thread, which closes the connection; does not wait for it.
    func close() {
        isClosing.store(true, ordering: .releasing)
        wakeup.signal()
    }

    /// Sends nothing from now on, and has what was sent ended.
    func cancel() {
        isCancelled.store(true, ordering: .sequentiallyConsistent)
        cancelRequest.withLock(\.self)?.send()
    }

    private func takeInterruption() -> Bool {
        isInterrupted.exchange(false, ordering: .acquiring)
    }

    /// Makes the current wait for notifications return, or else the next one.
    func interrupt() {
        isInterrupted.store(true, ordering: .releasing)
        wakeup.signal()
    }
}

/// For the owner of the connection. Calls do not overlap, as the owner is not copyable and waits for each.
extension ConnectionThread {
    /// Reads what is known of the connection without asking the server.
    func read<T: Sendable>(_ body: @Sendable (LibpqConnection) -> T) -> T? {
        state.withLock { state in state.libpq.map(body) }
    }

    /// One exchange with the server: `send` runs here and must not block; `receive` runs on the thread, where
    /// it may. `send` returns whether it wants the thread at once rather than when the server answers.
    func exchange<T: Sendable>(
        send: (LibpqConnection) throws(PostgresError) -> Bool,
        receive: @escaping @Sendable (LibpqConnection) throws(PostgresError) -> T
    ) async throws(PostgresError) -> T {
        let (result, notices): (Result<T, PostgresError>, [Notice]) = await withCheckedContinuation {
            continuation in
            do throws(PostgresError) {
                let isUrgent = try state.withLock { state throws(PostgresError) in
                    let libpq = try state.usableConnection()
                    guard !isCancelled.load(ordering: .sequentiallyConsistent) else {
                        throw PostgresError(.queryCanceled, "the session was told to stop")
                    }
                    let isUrgent = try send(libpq) || !state.isWatching
                    state.exchange = { libpq in
                        let result = Result { () throws(PostgresError) in try receive(libpq) }
                        let notices = libpq.takeNotices()
                        return { continuation.resume(returning: (result, notices)) }
                    }
                    return isUrgent
                }
                if isUrgent { wakeup.signal() }
            } catch {
                continuation.resume(returning: (.failure(error), []))
            }
        }
        // Here, in the task of whoever asked, so that the log says on whose behalf.
        for notice in notices { notice.log(to: options.logger) }
        return try result.get()
    }

    /// Returns notifications as soon as there are some, and nothing when the deadline comes, the task is
    /// cancelled or `interrupt` was called.
    func notifications(until deadline: ContinuousClock.Instant?) async throws(PostgresError) -> [Notification]
    {
        let result: Result<[Notification], PostgresError> = await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let (resumption, isUrgent) = state.withLock { state in
                    state.waiter = ConnectionState.Waiter(deadline: deadline, continuation: continuation)
                    let resumption = state.handleWakeup(isReadable: false, isInterrupted: takeInterruption)
                    return (resumption, state.mustWake)
                }
                if let resumption { resumption() } else if isUrgent { wakeup.signal() }
            }
        } onCancel: {
            interrupt()
        }
        return try result.get()
    }
}

/// The thread.
extension ConnectionThread {
    /// libpq with TLS needs some tens of KiB; only what is touched takes memory.
    private static let stackSize = 512 * 1_024

    private func start(
        _ options: ConnectionOptions, _ continuation: CheckedContinuation<PostgresError?, Never>
    ) {
        let isAbandoned = state.withLock { state in
            if !state.isAbandoned { state.opening = continuation }
            return state.isAbandoned
        }
        if isAbandoned { return continuation.resume(returning: .cancelledOpening) }
        guard startThread(stackSize: Self.stackSize, { self.run(options) }) else {
            return finishOpening(nil, PostgresError("53000", "no thread left"))
        }
    }

    private func abandon() {
        let opening = state.withLock { state in
            state.isAbandoned = true
            return state.opening.take()
        }
        opening?.resume(returning: .cancelledOpening)
    }

    /// Whoever takes the continuation decides: after a cancellation the connection is not kept.
    private func finishOpening(_ libpq: LibpqConnection?, _ failure: PostgresError? = nil) {
        let opening = state.withLock { state in
            if state.opening != nil { state.libpq = libpq }
            return state.opening.take()
        }
        opening?.resume(returning: failure)
    }

    private func run(_ options: ConnectionOptions) {
        do throws(PostgresError) {
            let libpq = try LibpqConnection(options)
            cancelRequest.withLock { $0 = CancelRequest(libpq) }
            finishOpening(libpq)
        } catch {
            finishOpening(nil, error)
        }
        serve()
        state.withLock { $0.libpq = nil }
    }

    private func serve() {
        var watch = state.withLock { $0.watch() }
        while let watched = watch, !isClosing.load(ordering: .acquiring) {
            let isReadable = wait(watched)
            let (resumption, next) = state.withLock { state in
                (state.handleWakeup(isReadable: isReadable, isInterrupted: takeInterruption), state.watch())
            }
            watch = next
            resumption?()
        }
    }

    /// Blocks until there is a signal, the deadline comes or the socket is readable, which it returns.
    private func wait(_ watch: ConnectionState.Watch) -> Bool {
        var descriptors = (
            pollfd(fd: wakeup.descriptor, events: Int16(POLLIN), revents: 0),
            pollfd(fd: watch.socket, events: Int16(POLLIN), revents: 0)
        )
        let ready = unsafe withUnsafeMutablePointer(to: &descriptors) { pair in
            unsafe pair.withMemoryRebound(to: pollfd.self, capacity: 2) {
                unsafe poll($0, 2, milliseconds(until: watch.deadline))
            }
        }
        // Interrupted or timed out: nothing in `revents` counts.
        guard ready > 0 else { return false }
        if descriptors.0.revents != 0 { wakeup.clear() }
        return descriptors.1.revents != 0
    }
}
