import Countersign
import Postgres

/// The validate stage on a backlog of signed answers, against nothing but OpenPGP verifying the same.
struct ValidateFigure: Figure {
    func measure(_ bench: Bench) async throws -> [ReportRow] {
        let answers = bench.scale.answers
        // Few enough for one core's cache; as many as answers, so that each key is parsed anew.
        var rows: [ReportRow] = []
        for (devices, keys) in [(500, "keys loaded"), (answers, "each key parsed anew")] {
            for onOneCore in [true, false] {
                rows.append(try await measure(bench, answers, devices, keys, onOneCore: onOneCore))
            }
        }
        return rows
    }

    private func measure(
        _ bench: Bench, _ answers: Int, _ devices: Int, _ keys: String, onOneCore: Bool
    ) async throws -> ReportRow {
        let run = ValidateRun(bench: bench, answers: answers, devices: devices, onOneCore: onOneCore)
        var ours: [Double] = []
        var bare: [Double] = []
        for _ in 0..<bench.scale.rounds {
            let backlog = try await run.load()
            ours.append(try await run.workOff())
            bare.append(try await backlog.bareRate(tasks: onOneCore ? 1 : BareCrypto.cores))
        }
        let cores = onOneCore ? "one core" : "all cores"
        return ReportRow(
            figure: "validate", title: "signed answers, \(keys), worker on \(cores); bare librnp, the same",
            unit: .perSecond, ours: Spread(ours), reference: Spread(bare), target: .atLeast(0.6))
    }
}

/// Works signed answers off by a worker.
struct ValidateRun: Sendable {
    let bench: Bench
    let answers: Int
    let devices: Int
    var onOneCore = false

    /// Answers a second.
    func product() async throws -> Double {
        _ = try await load()
        return try await workOff()
    }

    func load() async throws -> SignedBacklog {
        try await bench.reset()
        let backlog = try await SignedBacklog.make(answers, by: devices, bench)
        try await backlog.submit(bench)
        return backlog
    }

    func workOff() async throws -> Double {
        var superuser = try await bench.database.connectAsSuperuser()
        try await superuser.execute("UPDATE countersign.settings SET signature_required = true")
        try await bench.settle(&superuser)
        let rate = try await bench.withWorker(stages: "validate", onOneCore: onOneCore) { worker in
            let deadline = ContinuousClock.now + .seconds(120)
            while try await superuser.run(IsAnyUnjudged()).one() {
                guard ContinuousClock.now < deadline else { throw BenchError("answers are not worked off") }
                try await Task.sleep(for: .milliseconds(50))
            }
            try worker.check()
            let (rate, accepted) = try await superuser.run(ReadValidateRate()).one()
            guard accepted == answers else {
                throw BenchError("only \(accepted) of \(answers) answers were accepted")
            }
            return rate
        }
        try await superuser.execute("UPDATE countersign.settings SET signature_required = false")
        return rate
    }
}

struct IsAnyUnjudged: PreparedStatement {
    static let statement = Statement(
        "bench.unjudged", "SELECT EXISTS (SELECT FROM countersign.validate_queue) AS is_any")

    static func decode(_ row: inout RowReader) throws -> Bool { try row.bool("is_any") }
}

/// Answers a second, and how many were accepted. The first batch is where the clock starts: it is not counted.
struct ReadValidateRate: PreparedStatement {
    static let statement = Statement(
        "bench.validate_rate",
        """
        SELECT count(*) FILTER (WHERE batch <> first)
               / nullif(date_part('epoch', max(at) - max(at) FILTER (WHERE batch = first)), 0) AS rate,
               count(*) FILTER (WHERE status = 'accepted') AS accepted
        FROM (SELECT status, resolved_at AS at, xmin::text AS batch,
                     first_value(xmin::text) OVER (ORDER BY resolved_at) AS first FROM countersign.submissions) s
        """)

    static func decode(_ row: inout RowReader) throws -> (rate: Double, accepted: Int) {
        (try row.double("rate"), try row.int("accepted"))
    }
}
