import Postgres

/// A portal that now and then inserts one request and waits for its code.
struct SingleRequest: ~Copyable {
    private var connection: Connection
    private let arrivals: Arrivals
    private static let parameters: [Parameter] = ["203.0.113.7", "session-0123456789abcdef"]

    static func connect(_ site: Installation.Site, _ database: BenchDatabase) async throws -> SingleRequest {
        let arrivals = try await Arrivals.listen(
            to: "countersign.portal_channel()", Server.options(database.url(site.login)))
        return SingleRequest(connection: try await database.connect(as: site.login), arrivals: arrivals)
    }

    /// Pauses for 5 to 30 ms, inserts, and returns how long after the return of the insert, which is committed
    /// then, the notification `issued` came.
    mutating func measure() async throws -> Duration {
        try await pause()
        let id = try await connection.run(SQL.insertRequest, Self.parameters)[0].identifier(0)
        let committed = ContinuousClock.now
        let text = id.description
        let arrived = try await arrivals.next { $0.hasPrefix("issued ") && $0.contains(text) }
        return max(.zero, committed.duration(to: arrived))
    }
}

/// At random, so that nothing falls in step with it.
func pause() async throws {
    try await Task.sleep(for: .microseconds(Int64.random(in: 5_000...30_000)), tolerance: .zero)
}
