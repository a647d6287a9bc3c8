import Postgres

/// Portals insert as fast as they can while a worker issues: against a plain table beside a worker that issues as
/// many rows a second, and against the same with a NOTIFY for each statement instead of the bell.
struct InsertFigure: Figure {
    func measure(_ bench: Bench) async throws -> [ReportRow] {
        var ours: [LoadResult] = []
        var plain: [LoadResult] = []
        var notifying: [LoadResult] = []
        var floor: [LoadResult] = []
        var checked: [LoadResult] = []
        var issued: [Double] = []
        try await SignInFloor.admit(bench)
        for _ in 0..<bench.scale.rounds {
            let (result, rate) = try await insert(bench)
            ours.append(result)
            issued.append(rate)
            plain.append(try await insert(into: .plain, bench, issuing: rate))
            floor.append(try await insert(into: .floor(.kept), bench, issuing: rate))
            checked.append(try await insert(into: .floor(.checked), bench, issuing: rate))
            notifying.append(try await withNotify(bench) { try await insert(bench).result })
        }
        return rows(ours, plain, notifying, floor, checked, issued: Spread(issued))
    }

    /// Also says how many rows a second the worker issued meanwhile.
    private func insert(_ bench: Bench) async throws -> (result: LoadResult, issued: Double) {
        try await bench.reset()
        return try await bench.withWorker { worker in
            let meter = CPUMeter(bench: bench, worker: worker)
            let result = try await runLoad(for: bench.scale.load, meter: meter) {
                try await Inserter($0, into: .product, bench)
            }
            try worker.check()
            return (result, try await Backlog(bench).issueRate())
        }
    }

    /// Beside a worker that issues so many rows a second.
    private func insert(
        into table: Inserter.Table, _ bench: Bench, issuing rate: Double
    ) async throws -> LoadResult {
        try await bench.reset()
        let feed = try await WorkerFeed.prepare(bench, rate: rate, for: bench.scale.load)
        return try await bench.withWorker { worker in
            let feeding = Task { try await feed.run() }
            defer { feeding.cancel() }
            let meter = CPUMeter(bench: bench, worker: worker)
            let result = try await runLoad(for: bench.scale.load, meter: meter) {
                try await Inserter($0, into: table, bench)
            }
            try worker.check()
            return result
        }
    }

    private func rows(
        _ ours: [LoadResult], _ plain: [LoadResult], _ notifying: [LoadResult], _ floor: [LoadResult],
        _ checked: [LoadResult], issued: Spread
    ) -> [ReportRow] {
        let inserts = Spread(ours.map(\.perSecond))
        let latencies = ours.reduce(into: Latencies()) { $0.add($1.latencies) }
        return [
            ReportRow(
                figure: "inserts",
                title: "portal inserts, 32 connections, worker running; a plain table's, same worker load",
                unit: .perSecond, ours: inserts, reference: Spread(plain.map(\.perSecond)),
                target: .atLeast(0.4), cpu: ours.cpuEach,
                notes: [
                    "an insert takes \(latencies.summary)",
                    "issued meanwhile: \(issued.median.formatted(.perSecond))/s",
                    "the plain table's: \(plain.cpuEach.summary)",
                ]),
            ReportRow(
                figure: "inserts",
                title: "the same; with a NOTIFY of each statement",
                unit: .perSecond, ours: inserts, reference: Spread(notifying.map(\.perSecond)),
                target: .atLeast(2)),
            ReportRow(
                figure: "inserts",
                title: "the floor: its columns, indexes, partitions and queue alone; a plain table's",
                unit: .perSecond, ours: floor.rates, reference: plain.rates, target: .none,
                cpu: floor.cpuEach),
            ReportRow(
                figure: "inserts",
                title: "the floor that checks: a login of its own rows, a trigger, one look; a plain table's",
                unit: .perSecond, ours: checked.rates, reference: plain.rates, target: .none,
                cpu: checked.cpuEach),
        ]
    }
}

/// Has each inserting statement NOTIFY while the body runs, whether a worker sleeps or not.
private func withNotify<T>(_ bench: Bench, _ body: () async throws -> T) async throws -> T {
    var superuser = try await bench.database.connectAsSuperuser()
    try await superuser.execute(
        """
        CREATE FUNCTION bench.notify() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS $$
        BEGIN
            NOTIFY countersign_issue;
            RETURN NULL;
        END
        $$;
        CREATE TRIGGER notify AFTER INSERT ON countersign.auth_requests
            FOR EACH STATEMENT EXECUTE FUNCTION bench.notify()
        """)
    let remove = "DROP FUNCTION bench.notify() CASCADE"
    let result: T
    do {
        result = try await body()
    } catch {
        try await superuser.execute(remove)
        throw error
    }
    try await superuser.execute(remove)
    return result
}
