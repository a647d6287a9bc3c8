/// The HTTP side against the SQL contract with as many clients, and how long a sign-in takes at a quiet pace.
struct HTTPFigure: Figure {
    /// Sign-ins a second of the paced load.
    private static let pace = 200.0
    private static let pacedLoads = 3
    private static let pacedTime = Duration.seconds(5)

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
        var starts: Results = ([], [])
        var scans: Results = ([], [])
        var signed: Results = ([], [])
        var refused: [LoadResult] = []
        for _ in 0..<bench.scale.rounds {
            starts.http.append(
                try await bench.load(gateway) { HTTPStartClient(visitor: try HTTPVisitor($0, gateway)) })
            starts.sql.append(try await bench.load { try await SQLStartClient.connect($0, bench) })
            try await signIn(.scanAndAccept, bench, gateway, &scans)
            try await signIn(.signed, bench, gateway, &signed)
            refused.append(
                try await bench.load(gateway) { HTTPRefusedClient(visitor: try HTTPVisitor($0, gateway)) })
        }
        return [
            row("starts with their codes over HTTP, 32 clients; the same in SQL", starts, .atLeast(0.4)),
            row("start, scan and accept over HTTP, 32 clients; the same in SQL", scans, .atLeast(0.4)),
            ReportRow(
                figure: "http",
                title: "the same; three requests that are refused before the database is asked",
                unit: .perSecond, ours: scans.http.rates, reference: refused.rates, target: .none,
                notes: ["these three: \(refused.cpuEach.summary)"]),
            row("the same, signed; the same in SQL", signed, .none),
            try await paced(bench, gateway),
        ]
    }

    private typealias Results = (http: [LoadResult], sql: [LoadResult])

    private func signIn(
        _ steps: PhoneSteps, _ bench: Bench, _ gateway: GatewayProcess, _ results: inout Results
    ) async throws {
        results.http.append(
            try await bench.load(gateway) { try await HTTPSignInClient.connect($0, steps, gateway) })
        results.sql.append(try await bench.signIn(steps))
    }

    private func row(_ title: String, _ results: Results, _ target: ReportRow.Target) -> ReportRow {
        ReportRow(
            figure: "http", title: title, unit: .perSecond, ours: results.http.rates,
            reference: results.sql.rates, target: target, cpu: results.http.cpuEach,
            notes: ["in SQL: \(results.sql.cpuEach.summary)", "one takes \(results.http.latencies.summary)"])
    }

    /// p99 of 400 sign-ins is the fourth worst: one hiccup of the machine decides it. So each load has a thousand, and the load
    /// in the middle tells.
    private func paced(_ bench: Bench, _ gateway: GatewayProcess) async throws -> ReportRow {
        let pause = Duration.seconds(Double(Scale.clients) / Self.pace)
        var latencies: [Latencies] = []
        var results: [LoadResult] = []
        for _ in 0..<Self.pacedLoads {
            let taken = TakenTimes()
            results.append(
                try await bench.load(for: Self.pacedTime, gateway) { index in
                    PacedClient(
                        try await HTTPSignInClient.connect(index, .scanAndAccept, gateway), every: pause,
                        taken)
                })
            latencies.append(taken.take())
        }
        return ReportRow(
            figure: "http p99", title: "start, scan and accept over HTTP at 200 sign-ins/s, p99",
            unit: .milliseconds, ours: Spread(latencies.map { $0.percentile(99) }), reference: nil,
            target: .limit(60), cpu: results.cpuEach,
            notes: latencies.map { "one takes \($0.summary)" })
    }
}
