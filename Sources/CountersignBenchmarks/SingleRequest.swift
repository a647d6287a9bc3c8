import Postgres

/// A portal that now and then inserts one request and waits for its code.
struct SingleRequest: ~Copyable {
    private var connection: Connection
    private let arrivals: Arrivals

    static func connect(_ site: Installation.Site, _ database: BenchDatabase) async throws -> SingleRequest {
        let arrivals = try await Arrivals.listen(
            to: "countersign.portal_channel()", Server.options(database.url(site.login)))
        return SingleRequest(connection: try await database.connect(as: site.login), arrivals: arrivals)
    }

    /// Pauses for 5 to 30 ms, inserts, and returns how long after the return of the insert, which is committed
    /// then, the notification `issued` came.
    mutating func measure() async throws -> Duration {
        try await pause()
        let id = try await connection.run(InsertRequest(visit: Visit(ofClient: 7))).one()
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
