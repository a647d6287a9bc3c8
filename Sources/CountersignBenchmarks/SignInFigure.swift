/// Whole sign-ins, against the inserts of a sign-in into plain tables by bare clients without any worker; then what a scan
/// and a device's signatures add.
struct SignInFigure: Figure {
    func measure(_ bench: Bench) async throws -> [ReportRow] {
        var ours: [LoadResult] = []
        var scanned: [LoadResult] = []
        var signed: [LoadResult] = []
        var plain: [Double] = []
        var own: [Double] = []
        var floors: [SignInFloor: [LoadResult]] = [:]
        try await SignInFloor.admit(bench)
        for _ in 0..<bench.scale.rounds {
            ours.append(try await bench.signIn(.accept))
            plain.append(try await insert(bench, .plain))
            own.append(try await insert(bench, .product))
            for floor in SignInFloor.allCases {
                floors[floor, default: []].append(try await floor.load(bench))
            }
            scanned.append(try await bench.signIn(.scanAndAccept))
            signed.append(try await bench.signIn(.signed))
        }
        return [
            row(
                "insert, await, submit, await by 32 clients, callbacks off; the rows into plain tables, no worker",
                ours, Spread(plain), .atLeast(0.15)),
            row("the same; the two inserts into our own tables, no worker", ours, Spread(own), .none),
            row(
                "the floor: those calls and batches in bare tables; the plain inserts",
                floors[.bare, default: []], Spread(plain), .none),
            row(
                "the floor in tables with our columns, indexes and partitions; the plain inserts",
                floors[.kept, default: []], Spread(plain), .none),
            row(
                "the floor that checks: the same by logins of their own rows, two triggers, one look each; the plain inserts",
                floors[.checked, default: []], Spread(plain), .none),
            row("the same with a scan before; without one", scanned, ours.rates, .none),
            row("the same with a scan, both answers signed; unsigned", signed, scanned.rates, .none),
        ]
    }

    private func row(
        _ title: String, _ ours: [LoadResult], _ reference: Spread, _ target: ReportRow.Target
    ) -> ReportRow {
        ReportRow(
            figure: "sign-ins", title: title, unit: .perSecond, ours: ours.rates, reference: reference,
            target: target, cpu: ours.cpuEach, notes: ["a sign-in takes \(ours.latencies.summary)"])
    }

    private func insert(_ bench: Bench, _ tables: BareSignInClient.Tables) async throws -> Double {
        try await bench.reset()
        return try await runLoad(for: bench.scale.load) {
            try await BareSignInClient.connect($0, tables, bench)
        }.perSecond
    }
}

extension Bench {
    /// Sign-ins in SQL by that many clients beside a worker, from empty tables.
    func signIn(_ steps: PhoneSteps, clients: Int = Scale.clients) async throws -> LoadResult {
        try await load(clients: clients) { try await SignInClient.connect($0, steps, self) }
    }

    /// A load of clients beside a worker, from empty tables; as long as the scale says, unless told otherwise.
    func load<Client: LoadClient & ~Copyable>(
        clients: Int = Scale.clients, for duration: Duration? = nil, _ gateway: GatewayProcess? = nil,
        _ connect: @escaping @Sendable (Int) async throws -> Client
    ) async throws -> LoadResult {
        try await reset()
        return try await withWorker { worker in
            let meter = CPUMeter(bench: self, worker: worker, gateway: gateway)
            let result = try await runLoad(
                for: duration ?? scale.load, clients: clients, meter: meter, connect: connect)
            try worker.check()
            return result
        }
    }
}
