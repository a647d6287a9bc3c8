import Postgres

/// One lone caller on an idle system: from the commit of an insert to the notification that a code is issued, and from
/// sending the insert to having the code by `await_otp`; against a bare NOTIFY from one connection to another, in turns.
struct LatencyFigure: Figure {
    func measure(_ bench: Bench) async throws -> [ReportRow] {
        let rows = try await bench.withWorker { worker in
            var samples = try await LoneCaller.connect(bench)
            for _ in 0..<20 { try await samples.measure() }
            samples.forget()
            for _ in 0..<bench.scale.latencySamples { try await samples.measure() }
            try worker.check()
            return samples.rows
        }
        return rows + [try await signIns(bench)]
    }

    /// What one caller's sign-ins cost where nobody shares a batch with it.
    private func signIns(_ bench: Bench) async throws -> ReportRow {
        let result = try await bench.signIn(.accept, clients: 1)
        return ReportRow(
            figure: "lone sign-ins", title: "insert, await, submit, await by one client",
            unit: .perSecond, ours: Spread([result.perSecond]), reference: nil, target: .none,
            cpu: result.cpuEach, notes: ["a sign-in takes \(result.latencies.summary)"])
    }
}

/// Takes one sample of each after the other.
private struct LoneCaller: ~Copyable {
    private var request: SingleRequest
    private var start: SQLStartClient
    private var bare: BareNotify
    private var issued = Latencies()
    private var codes = Latencies()
    private var reference = Latencies()

    static func connect(_ bench: Bench) async throws -> LoneCaller {
        let portals = bench.installation.portals
        return LoneCaller(
            request: try await SingleRequest.connect(portals[0], bench.database),
            start: try await SQLStartClient.connect(0, bench),
            bare: try await BareNotify.connect(portals[1], bench.database))
    }

    mutating func measure() async throws {
        issued.record(try await request.measure())
        try await pause()
        let begun = ContinuousClock.now
        try await start.perform()
        codes.record(begun.duration(to: .now))
        reference.record(try await bare.measure())
    }

    mutating func forget() { (issued, codes, reference) = (Latencies(), Latencies(), Latencies()) }

    var rows: [ReportRow] {
        rows("latency", "insert commit to NOTIFY issued, one lone caller", issued, p50: .atMost(2.5))
            + rows(
                "lone code", "insert sent to code in hand by await_otp, one lone caller", codes, p50: .none)
    }

    private func rows(
        _ figure: String, _ title: String, _ ours: Latencies, p50: ReportRow.Target
    ) -> [ReportRow] {
        [("p50", 50.0, p50), ("p99", 99, figure == "latency" ? .atMost(10) : .none)].map {
            name, percentile, target in
            ReportRow(
                figure: "\(figure) \(name)",
                title: "\(title), \(name); a bare NOTIFY between two connections",
                unit: .milliseconds, ours: Spread([ours.percentile(percentile)]),
                reference: Spread([reference.percentile(percentile)]), target: target,
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
