import Logging
import Synchronization

/// Listens for everybody in the process on one connection of its own, which it keeps alive.
///
/// While it is connected no notification is lost. After each time it was not, and once when listening begins,
/// every subscriber is told by a notification whose `isGap` is true. A notification may come twice.
package final class Notifier: Sendable {
    /// How often a silent server is asked for a sign of life, and how long that may take: TCP alone would not
    /// tell for minutes that it is gone.
    private static let probeInterval: Duration = .seconds(5)

    private let options: ConnectionOptions
    private let state = Mutex(Subscriptions())
    private let lastSign = Mutex<ContinuousClock.Instant?>(nil)

    package init(_ options: ConnectionOptions) {
        self.options = options
    }

    /// Whether the server has given a sign of life on the listening connection lately: it is asked every 5 s and
    /// has as long to answer.
    package var isAlive: Bool {
        guard let sign = lastSign.withLock(\.self) else { return false }
        return sign.duration(to: .now) < Self.probeInterval * 3
    }

    /// A stream for hints. It keeps the newest notification only: one look at the table answers them all.
    package func subscribe(_ channel: String) -> AsyncStream<Notification> {
        subscribe(channel, buffering: 1)
    }

    /// A stream that keeps up to `limit` notifications until they are read. When more come, the oldest go,
    /// and a gap is put at the end. With a limit of 1 the newest is taken to say enough.
    package func subscribe(_ channel: String, buffering limit: Int) -> AsyncStream<Notification> {
        let (stream, continuation) = AsyncStream.makeStream(
            of: Notification.self, bufferingPolicy: .bufferingNewest(limit))
        let receiver = StreamReceiver(continuation, isToldOverflow: limit > 1)
        continuation.onTermination = { [weak self] _ in
            self?.state.withLock { $0.remove(receiver) }?.wake()
        }
        listen(to: channel, for: receiver)
        return stream
    }

    /// From now on the receiver hears what that channel says, too. It is kept until `run` has ended.
    package func listen(to channel: String, for receiver: any NotificationReceiver) {
        precondition((1...63).contains(channel.utf8.count), "PostgreSQL cuts identifiers at 63 bytes")
        state.withLock { $0.add(receiver, to: channel) }?.wake()
    }

    /// Connects and listens until the task is cancelled; then every stream and every receiver ends.
    package func run() async {
        var backoff = Backoff()
        while !Task.isCancelled {
            do throws(PostgresError) {
                try await listen { backoff.reset() }
            } catch {
                lastSign.withLock { $0 = nil }
                if !Task.isCancelled { warn(error) }
            }
            // Cancellation ends the pause and then the loop.
            try? await backoff.wait()
        }
        for receiver in state.withLock({ $0.removeAll() }) { receiver.end() }
    }

    private func warn(_ error: PostgresError) {
        options.logger.warning("not listening to the database", metadata: ["error": "\(error)"])
    }

    /// One connection's life.
    private func listen(onSuccess: () -> Void) async throws(PostgresError) {
        var connection = try await Connection.open(options)
        state.withLock { [waker = connection.waker] in $0.begin(waker) }
        var channels: Set<String> = []
        var nextProbe = ContinuousClock.now + Self.probeInterval
        while !Task.isCancelled {
            try await update(&channels, on: &connection)
            onSuccess()
            lastSign.withLock { $0 = .now }
            let notifications = try await connection.notifications(until: nextProbe)
            deliver(state.withLock { $0.deliveries(of: notifications) })
            guard ContinuousClock.now >= nextProbe else { continue }
            try await connection.probe(within: Self.probeInterval)
            nextProbe = ContinuousClock.now + Self.probeInterval
        }
    }

    /// Listens to what is subscribed to and to nothing else, and tells those for whom this is new.
    private func update(
        _ channels: inout Set<String>, on connection: inout Connection
    ) async throws(PostgresError) {
        let wanted = state.withLock { $0.channels }
        if wanted != channels {
            try await connection.listen(
                to: wanted.subtracting(channels), notTo: channels.subtracting(wanted),
                within: Self.probeInterval)
            channels = wanted
        }
        deliver(state.withLock { [channels] in $0.takeUntold(of: channels) })
    }

    /// Outside the lock, as what is woken may run at once.
    private func deliver(_ deliveries: [Subscriptions.Delivery]) {
        for (receiver, notifications) in deliveries { receiver.receive(notifications) }
    }
}
