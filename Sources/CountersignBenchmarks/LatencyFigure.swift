import Postgres

/// From the commit of an insert to the notification that a code is issued, on an idle system; against a bare
/// NOTIFY from one connection to another, in turns.
struct LatencyFigure: Figure {
    func measure(_ bench: Bench) async throws -> [ReportRow] {
        try await bench.withWorker { worker in
            var request = try await SingleRequest.connect(bench.installation.portals[0], bench.database)
            var bare = try await BareNotify.connect(bench.installation.portals[1], bench.database)
            for _ in 0..<20 {
                _ = try await request.measure()
                _ = try await bare.measure()
            }
            var ours = Latencies()
            var reference = Latencies()
            for _ in 0..<bench.scale.latencySamples {
                ours.record(try await request.measure())
                reference.record(try await bare.measure())
            }
            try worker.check()
            return rows(ours, reference)
        }
    }

    private func rows(_ ours: Latencies, _ reference: Latencies) -> [ReportRow] {
        [("p50", 50.0, 4.0), ("p99", 99, 10)].map { name, percentile, target in
            ReportRow(
                figure: "latency \(name)",
                title:
                    "insert commit to NOTIFY issued, idle system, \(name); a bare NOTIFY between two connections",
                unit: .milliseconds, ours: Spread([ours.percentile(percentile)]),
                reference: Spread([reference.percentile(percentile)]), target: .atMost(target),
                notes: name == "p50" ? ["ours: \(ours.summary)", "reference: \(reference.summary)"] : [])
        }
    }
}

/// A NOTIFY on one connection that another waits for.
struct BareNotify: ~Copyable {
    private var connection: Connection
    private let arrivals: Arrivals

    static func connect(_ site: Installation.Site, _ database: BenchDatabase) async throws -> BareNotify {
        let arrivals = try await Arrivals.listen(
            to: "'bench_bare'::text", Server.options(database.url(site.login)))
        return BareNotify(connection: try await database.connect(as: site.login), arrivals: arrivals)
    }

    /// From sending it to its arrival.
    mutating func measure() async throws -> Duration {
        try await pause()
        let start = ContinuousClock.now
        try await connection.run(NotifyBare())
        return start.duration(to: try await arrivals.next { _ in true })
    }
}

struct NotifyBare: PreparedStatement {
    static let statement = Statement("bare notify", "NOTIFY bench_bare")
}
