import Synchronization

/// The HTTP side against the SQL contract with as many clients, and how long a sign-in takes at a quiet pace.
struct HTTPFigure: Figure {
    /// Sign-ins a second of the paced load.
    private static let pace = 200.0

    func measure(_ bench: Bench) async throws -> [ReportRow] {
        let gateway = try await GatewayProcess.start(bench)
        do {
            let rows = try await measure(bench, gateway)
            await gateway.stop()
            return rows
        } catch {
            await gateway.stop()
            throw error
        }
    }

    private func measure(_ bench: Bench, _ gateway: GatewayProcess) async throws -> [ReportRow] {
        for index in 0..<Scale.portals { try await HTTPVisitor(index, gateway).knock() }
        var starts: (http: [LoadResult], sql: [LoadResult]) = ([], [])
        var signIns: (http: [LoadResult], sql: [LoadResult]) = ([], [])
        for _ in 0..<bench.scale.rounds {
            starts.http.append(
                try await load(bench) { HTTPStartClient(visitor: try HTTPVisitor($0, gateway)) })
            starts.sql.append(try await load(bench) { try await SQLStartClient.connect($0, bench) })
            signIns.http.append(try await load(bench) { try await HTTPSignInClient.connect($0, gateway) })
            signIns.sql.append(try await load(bench) { try await SQLScanClient.connect($0, bench) })
        }
        return [
            row("starts with their codes over HTTP, 32 clients; the same in SQL", starts),
            row("start, scan and accept over HTTP, 32 clients; the same in SQL", signIns),
            try await paced(bench, gateway),
        ]
    }

    private func load<Client: LoadClient & ~Copyable>(
        _ bench: Bench, _ connect: @escaping @Sendable (Int) async throws -> Client
    ) async throws -> LoadResult {
        try await bench.reset()
        return try await bench.withWorker { worker in
            let result = try await runLoad(for: bench.scale.load, connect: connect)
            try worker.check()
            return result
        }
    }

    private func row(_ title: String, _ results: (http: [LoadResult], sql: [LoadResult])) -> ReportRow {
        let latencies = results.http.reduce(into: Latencies()) { $0.add($1.latencies) }
        return ReportRow(
            figure: "http", title: title, unit: .perSecond, ours: Spread(results.http.map(\.perSecond)),
            reference: Spread(results.sql.map(\.perSecond)), target: .atLeast(0.4),
            notes: ["one takes \(latencies.summary)"])
    }

    private func paced(_ bench: Bench, _ gateway: GatewayProcess) async throws -> ReportRow {
        let taken = Taken()
        let pause = Duration.seconds(Double(Scale.clients) / Self.pace)
        _ = try await load(bench) { index in
            PacedClient(try await HTTPSignInClient.connect(index, gateway), every: pause) { taken.record($0) }
        }
        let latencies = taken.latencies
        return ReportRow(
            figure: "http p99", title: "start, scan and accept over HTTP at 200 sign-ins/s, p99",
            unit: .milliseconds, ours: Spread([latencies.percentile(99)]), reference: nil, target: .none,
            notes: ["one takes \(latencies.summary)"])
    }
}

/// Durations that several clients record.
private final class Taken: Sendable {
    private let state = Mutex(Latencies())

    func record(_ duration: Duration) { state.withLock { $0.record(duration) } }
    var latencies: Latencies { state.withLock(\.self) }
}
