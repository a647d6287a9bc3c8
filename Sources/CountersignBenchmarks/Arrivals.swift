import Postgres

/// Notifications of one channel, each with the moment of its arrival, which a task of their own takes.
final class Arrivals: Sendable {
    private struct Arrival: Sendable {
        /// Nil when nothing has come for a while, and once at first: it listens now.
        let payload: String?
        let at = ContinuousClock.now
    }

    private static let patience = Duration.seconds(10)

    private let stream: AsyncStream<Arrival>
    private let listening: Task<Void, any Error>

    /// Listens by a connection of its own. `channel` is an SQL expression for the channel's name.
    static func listen(to channel: String, _ options: ConnectionOptions) async throws -> Arrivals {
        let arrivals = Arrivals(to: channel, options)
        for await _ in arrivals.stream { return arrivals }
        try await arrivals.listening.value
        throw BenchError("cannot listen")
    }

    private init(to channel: String, _ options: ConnectionOptions) {
        let (stream, continuation) = AsyncStream.makeStream(of: Arrival.self)
        self.stream = stream
        listening = Task {
            defer { continuation.finish() }
            var connection = try await Connection.open(options)
            try await connection.listen(to: [try await connection.execute("SELECT \(channel)")[0].text(0)])
            continuation.yield(Arrival(payload: nil))
            while !Task.isCancelled {
                let news = try await connection.notifications(until: .now + Self.patience)
                for notification in news { continuation.yield(Arrival(payload: notification.payload)) }
                if news.isEmpty { continuation.yield(Arrival(payload: nil)) }
            }
        }
    }

    deinit {
        listening.cancel()
    }

    /// When the next came whose payload fits. Throws when there is none for ten seconds.
    func next(where fits: (String) -> Bool) async throws -> ContinuousClock.Instant {
        let start = ContinuousClock.now
        for await arrival in stream {
            if let payload = arrival.payload, fits(payload) { return arrival.at }
            if start.duration(to: arrival.at) > Self.patience { break }
        }
        try Task.checkCancellation()
        throw BenchError("no notification came")
    }
}
