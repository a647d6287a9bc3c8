/// Whole sign-ins, against the inserts of a sign-in into plain tables by bare clients without any worker.
struct SignInFigure: Figure {
    func measure(_ bench: Bench) async throws -> [ReportRow] {
        var ours: [LoadResult] = []
        var plain: [Double] = []
        var own: [Double] = []
        for _ in 0..<bench.scale.rounds {
            ours.append(try await signIn(bench))
            plain.append(try await insert(bench, .plain))
            own.append(try await insert(bench, .product))
        }
        let latencies = ours.reduce(into: Latencies()) { $0.add($1.latencies) }
        let signIns = Spread(ours.map(\.perSecond))
        return [
            ReportRow(
                figure: "sign-ins",
                title:
                    "insert, await, submit, await by 32 clients, callbacks off; the rows into plain tables, no worker",
                unit: .perSecond, ours: signIns, reference: Spread(plain), target: .atLeast(0.4),
                notes: ["a sign-in takes \(latencies.summary)"]),
            ReportRow(
                figure: "sign-ins", title: "the same; the two inserts into our own tables, no worker",
                unit: .perSecond, ours: signIns, reference: Spread(own), target: .none),
        ]
    }

    private func signIn(_ bench: Bench) async throws -> LoadResult {
        try await bench.reset()
        return try await bench.withWorker { worker in
            let result = try await runLoad(for: bench.scale.load) {
                try await SignInClient.connect($0, bench)
            }
            try worker.check()
            return result
        }
    }

    private func insert(_ bench: Bench, _ tables: BareSignInClient.Tables) async throws -> Double {
        try await bench.reset()
        return try await runLoad(for: bench.scale.load) {
            try await BareSignInClient.connect($0, tables, bench)
        }.perSecond
    }
}
