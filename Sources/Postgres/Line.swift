import Glibc
import Logging
import Synchronization

/// The thread behind one connection.
///
/// It sits in poll(2) on the connection's socket and on a bell, so that an idle connection takes its
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
final class Line: Sendable {
    private let core = Mutex(Core())
    private let bell: Bell
    private let logger: Logger
    private let isClosing = Atomic(false)
    private let isInterrupted = Atomic(false)

    /// Starts the thread, which connects first. When the task is cancelled meanwhile, this returns at once
    /// and the thread ends when libpq is done.
    static func open(_ options: ConnectionOptions) async throws(PostgresError) -> Line {
        guard let bell = Bell() else { throw PostgresError("53000", "no file descriptor left") }
        let line = Line(bell: bell, logger: options.logger)
        let failure: PostgresError? = await withTaskCancellationHandler {
            await withCheckedContinuation { line.start(options, $0) }
        } onCancel: {
            line.abandon()
        }
        if let failure { throw failure }
        return line
    }

    private init(bell: Bell, logger: Logger) {
        (self.bell, self.logger) = (bell, logger)
    }

    /// Ends the thread, which closes the connection; does not wait for it.
    func close() {
        isClosing.store(true, ordering: .releasing)
        bell.ring()
    }

    private func takeInterruption() -> Bool {
        isInterrupted.exchange(false, ordering: .acquiring)
    }

    /// Makes the current wait for notifications return, or else the next one.
    func interrupt() {
        isInterrupted.store(true, ordering: .releasing)
        bell.ring()
    }
}

/// For the owner of the connection. Calls do not overlap, as the owner is not copyable and waits for each.
extension Line {
    /// Reads what is known of the connection without asking the server.
    func read<T: Sendable>(_ body: @Sendable (Wire) -> T) -> T? {
        core.withLock { core in core.wire.map(body) }
    }

    /// One exchange with the server: `send` runs here and must not block; `receive` runs on the thread, where
    /// it may. `send` returns whether it wants the thread at once rather than when the server answers.
    func exchange<T: Sendable>(
        send: (Wire) throws(PostgresError) -> Bool,
        receive: @escaping @Sendable (Wire) throws(PostgresError) -> T
    ) async throws(PostgresError) -> T {
        let (result, notices): (Result<T, PostgresError>, [Notice]) = await withCheckedContinuation {
            continuation in
            do throws(PostgresError) {
                let isUrgent = try core.withLock { core throws(PostgresError) in
                    let wire = try core.usableWire()
                    let isUrgent = try send(wire) || !core.isWatching
                    core.exchange = { wire in
                        let result = Result { () throws(PostgresError) in try receive(wire) }
                        let notices = wire.takeNotices()
                        return { continuation.resume(returning: (result, notices)) }
                    }
                    return isUrgent
                }
                if isUrgent { bell.ring() }
            } catch {
                continuation.resume(returning: (.failure(error), []))
            }
        }
        // Here, in the task of whoever asked, so that the lines say on whose behalf.
        for notice in notices { notice.log(to: logger) }
        return try result.get()
    }

    /// Returns notifications as soon as there are some, and nothing when the deadline comes, the task is
    /// cancelled or `interrupt` was called.
    func notifications(until deadline: ContinuousClock.Instant?) async throws(PostgresError) -> [Notification]
    {
        let result: Result<[Notification], PostgresError> = await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let (resumption, isUrgent) = core.withLock { core in
                    core.waiter = Core.Waiter(deadline: deadline, continuation: continuation)
                    return (core.attend(isReadable: false, isInterrupted: takeInterruption), core.mustWake)
                }
                if let resumption { resumption() } else if isUrgent { bell.ring() }
            }
        } onCancel: {
            interrupt()
        }
        return try result.get()
    }
}

/// The thread.
extension Line {
    /// libpq with TLS needs some tens of KiB; only what is touched takes memory.
    private static let stackSize = 512 * 1_024

    private func start(
        _ options: ConnectionOptions, _ continuation: CheckedContinuation<PostgresError?, Never>
    ) {
        let isAbandoned = core.withLock { core in
            if !core.isAbandoned { core.opening = continuation }
            return core.isAbandoned
        }
        if isAbandoned { return continuation.resume(returning: .cancelledOpening) }
        guard startThread(stackSize: Self.stackSize, { self.run(options) }) else {
            return finishOpening(nil, PostgresError("53000", "no thread left"))
        }
    }

    private func abandon() {
        let opening = core.withLock { core in
            core.isAbandoned = true
            return core.opening.take()
        }
        opening?.resume(returning: .cancelledOpening)
    }

    /// Whoever takes the continuation decides: after a cancellation the connection is not kept.
    private func finishOpening(_ wire: Wire?, _ failure: PostgresError? = nil) {
        let opening = core.withLock { core in
            if core.opening != nil { core.wire = wire }
            return core.opening.take()
        }
        opening?.resume(returning: failure)
    }

    private func run(_ options: ConnectionOptions) {
        do throws(PostgresError) {
            finishOpening(try Wire(options))
        } catch {
            finishOpening(nil, error)
        }
        serve()
        core.withLock { $0.wire = nil }
    }

    private func serve() {
        var watch = core.withLock { $0.watch() }
        while let watched = watch, !isClosing.load(ordering: .acquiring) {
            let isReadable = wait(watched)
            let (resumption, next) = core.withLock { core in
                (core.attend(isReadable: isReadable, isInterrupted: takeInterruption), core.watch())
            }
            watch = next
            resumption?()
        }
    }

    /// Blocks until the bell rings, the deadline comes or the socket is readable, which it returns.
    private func wait(_ watch: Core.Watch) -> Bool {
        var descriptors = (
            pollfd(fd: bell.descriptor, events: Int16(POLLIN), revents: 0),
            pollfd(fd: watch.socket, events: Int16(POLLIN), revents: 0)
        )
        let ready = unsafe withUnsafeMutablePointer(to: &descriptors) { pair in
            unsafe pair.withMemoryRebound(to: pollfd.self, capacity: 2) {
                unsafe poll($0, 2, milliseconds(until: watch.deadline))
            }
        }
        // Interrupted or timed out: nothing in `revents` counts.
        guard ready > 0 else { return false }
        if descriptors.0.revents != 0 { bell.hush() }
        return descriptors.1.revents != 0
    }
}
