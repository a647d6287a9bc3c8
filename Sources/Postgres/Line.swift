import Glibc
import Synchronization

/// The thread behind one connection.
///
/// It sits in poll(2) on the connection's socket and on a bell, so that an idle connection takes its
/// notifications and notices a dead server by itself, and waits for answers where blocking harms nobody.
final class Line: Sendable {
    private let core = Mutex(Core())
    private let bell: Bell
    private let isClosing = Atomic(false)
    private let isInterrupted = Atomic(false)

    /// Starts the thread, which connects first. When the task is cancelled meanwhile, this returns at once and
    /// the thread ends when libpq is done.
    static func open(_ options: ConnectionOptions) async throws(PostgresError) -> Line {
        guard let bell = Bell() else { throw PostgresError("53000", "no file descriptor left") }
        let line = Line(bell: bell)
        let failure: PostgresError? = await withTaskCancellationHandler {
            await withCheckedContinuation { line.start(options, $0) }
        } onCancel: {
            line.abandon()
        }
        if let failure { throw failure }
        return line
    }

    private init(bell: Bell) {
        self.bell = bell
    }

    /// Ends the thread, which closes the connection; does not wait for it.
    func close() {
        isClosing.store(true, ordering: .releasing)
        bell.ring()
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
        let result: Result<T, PostgresError> = await withCheckedContinuation { continuation in
            do throws(PostgresError) {
                let isUrgent = try core.withLock { core throws(PostgresError) in
                    let wire = try core.usableWire()
                    let isUrgent = try send(wire) || !core.isWatching
                    core.exchange = { wire in
                        let result = Result { () throws(PostgresError) in try receive(wire) }
                        return { continuation.resume(returning: result) }
                    }
                    return isUrgent
                }
                if isUrgent { bell.ring() }
            } catch {
                continuation.resume(returning: .failure(error))
            }
        }
        return try result.get()
    }

    /// Returns notifications as soon as there are some, and nothing when the deadline comes, the task is
    /// cancelled or `interrupt` was called.
    func notifications(until deadline: ContinuousClock.Instant?) async throws(PostgresError) -> [Notification] {
        let result: Result<[Notification], PostgresError> = await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                core.withLock { $0.waiter = Core.Waiter(deadline: deadline, continuation: continuation) }
                bell.ring()
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
            return finishOpening(PostgresError("53000", "no thread left"))
        }
    }

    private func abandon() {
        let opening = core.withLock { core in
            core.isAbandoned = true
            return core.opening.take()
        }
        opening?.resume(returning: .cancelledOpening)
    }

    private func finishOpening(_ failure: PostgresError?) {
        core.withLock { $0.opening.take() }?.resume(returning: failure)
    }

    private func run(_ options: ConnectionOptions) {
        do throws(PostgresError) {
            let wire = try Wire(options)
            core.withLock { if !$0.isAbandoned { $0.wire = wire } }
        } catch {
            return finishOpening(error)
        }
        finishOpening(nil)
        serve()
        core.withLock { $0.wire = nil }
    }

    private func serve() {
        var watch = core.withLock { $0.watch }
        while let watched = watch, !isClosing.load(ordering: .acquiring) {
            let isReadable = wait(watched)
            let (resumption, next) = core.withLock { core in
                let isInterrupted = core.waiter != nil && isInterrupted.exchange(false, ordering: .acquiring)
                return (core.attend(isReadable: isReadable, isInterrupted: isInterrupted), core.watch)
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
