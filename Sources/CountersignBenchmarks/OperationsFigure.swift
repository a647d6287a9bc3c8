import Administration
import Postgres

/// What `/metrics`, the console, `countersign status` and `queue_status()` take to answer: with a great deal waiting,
/// while it comes and goes, and just after it has gone, when nothing has been vacuumed yet.
struct OperationsFigure: Figure {
    func measure(_ bench: Bench) async throws -> [ReportRow] {
        let backlog = OperationsBacklog(bench: bench)
        let process = try await OperationsProcess.start(bench)
        do {
            try await backlog.load(bench.scale.deepBacklog)
            var asker = try await OperationsAsker.connect(bench, process)
            let rows = try await measure(bench, backlog, &asker)
            await process.stop()
            try await backlog.release()
            return rows
        } catch {
            await process.stop()
            try? await backlog.release()
            throw error
        }
    }

    private func measure(
        _ bench: Bench, _ backlog: OperationsBacklog, _ asker: inout OperationsAsker
    ) async throws -> [ReportRow] {
        let count = bench.scale.deepBacklog
        var rows: [ReportRow] = []
        // Whoever holds a snapshot keeps everybody from cleaning up what has ended since.
        var holder = try await bench.database.connectAsSuperuser()
        try await bench.withWorker(stages: "housekeep") { _ in
            rows += try await asker.answers("with \(count) waiting")
            rows += try await asker.errors("with \(count) waiting")
            rows += try await moving(bench, &asker)
            try await holder.execute("BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT count(*) FROM pg_class")
            try await backlog.drain()
            rows += try await asker.answers("\(count) gone, not vacuumed, a snapshot held")
        }
        // Its figures are not believed any more.
        try await Task.sleep(for: .seconds(6))
        rows += try await asker.answers("the same without a worker")
        try await holder.execute("COMMIT")
        return rows
    }

    /// A worker works the backlog off, and a portal inserts two hundred requests a second.
    private func moving(_ bench: Bench, _ asker: inout OperationsAsker) async throws -> [ReportRow] {
        let inserting = Task {
            var portal = try await Inserter(0, into: .product, bench)
            while !Task.isCancelled {
                try await portal.perform()
                try await Task.sleep(for: .milliseconds(5), tolerance: .zero)
            }
        }
        defer { inserting.cancel() }
        let rows = try await bench.withWorker(stages: "issue,expire") { worker in
            var rows = try await asker.errors("while it is worked off and more comes")
            rows += try await asker.answers("while it is worked off and more comes", whileItLasts: true)
            try worker.check()
            return rows
        }
        inserting.cancel()
        if case .failure(let error) = await inserting.result, !(error is CancellationError) { throw error }
        return rows
    }
}

/// Asks everything in turns, and compares with the limits.
struct OperationsAsker: ~Copyable {
    private let bench: Bench
    private let process: OperationsProcess
    private let status: ProgramRun
    /// Has asked before, as one of a pool has.
    private var session: Connection

    static func connect(_ bench: Bench, _ process: OperationsProcess) async throws -> OperationsAsker {
        let monitor = try await bench.makeLogin("monitor", in: "monitor")
        let status = ProgramRun(
            program: bench.program, arguments: ["status"],
            environment: ["DATABASE_URL": bench.database.url(monitor)])
        var asker = OperationsAsker(
            bench: bench, process: process, status: status,
            session: try await bench.database.connect(as: monitor))
        try await asker.warm()
        return asker
    }

    /// Until each has given a whole answer.
    private mutating func warm() async throws {
        let deadline = ContinuousClock.now + .seconds(60)
        for question in Question.allCases {
            while try await !ask(question).isWhole {
                guard ContinuousClock.now < deadline else {
                    throw BenchError("\(question.rawValue) gives no whole answer")
                }
                try await Task.sleep(for: .milliseconds(200))
            }
        }
    }

    private enum Question: String, CaseIterable {
        case query = "queue_status()"
        case metrics = "/metrics"
        case openMetrics = "/metrics as OpenMetrics"
        case console = "/console"
        case status = "countersign status"

        /// Milliseconds.
        var limit: Double { self == .query ? 2 : 50 }
        var percentiles: [Int] { self == .query ? [50, 99] : [99] }
        /// How often in a row: it takes next to no time.
        var times: Int { self == .query ? 10 : 1 }
    }

    /// p99 of each, and the median of what takes no process and no HTTP; the first answer is among them. `whileItLasts`: no
    /// more once the backlog is worked off, when nobody is busy any more.
    mutating func answers(_ state: String, whileItLasts: Bool = false) async throws -> [ReportRow] {
        var first: [Question: Duration] = [:]
        var taken: [Question: Latencies] = [:]
        var partial: [Question: Int] = [:]
        for _ in 0..<bench.scale.questions {
            for question in Question.allCases.flatMap({ Array(repeating: $0, count: $0.times) }) {
                let answer = try await ask(question)
                first[question] = first[question] ?? answer.taken
                taken[question, default: Latencies()].record(answer.taken)
                if !answer.isWhole { partial[question, default: 0] += 1 }
            }
            if whileItLasts, try await isWorkedOff() { break }
        }
        return Question.allCases.flatMap { question -> [ReportRow] in
            guard let latencies = taken[question], let first = first[question] else { return [] }
            let without = partial[question].map { ["\($0) answers without the database's figures"] } ?? []
            let milliseconds = (first / .milliseconds(1)).formatted(.milliseconds)
            return question.percentiles.map { percentile in
                ReportRow(
                    figure: "operations", title: "\(question.rawValue), p\(percentile), \(state)",
                    unit: .milliseconds, ours: Spread([latencies.percentile(Double(percentile))]),
                    reference: nil, target: .limit(question.limit),
                    notes: ["\(latencies.summary); the first \(milliseconds)"] + without)
            }
        }
    }

    /// But for what the portal inserts meanwhile.
    private mutating func isWorkedOff() async throws -> Bool {
        let queues = try await session.run(ReadQueues()).all()
        return queues.allSatisfy { !["issue", "expire"].contains($0.stage) || $0.waiting < 1_000 }
    }

    private mutating func ask(_ question: Question) async throws -> TimedAnswer {
        switch question {
        case .query:
            let start = ContinuousClock.now
            try await session.run(ReadQueues())
            return TimedAnswer(taken: start.duration(to: .now))
        case .metrics: return try await process.ask("/metrics", expecting: "countersign_queue_depth")
        case .openMetrics:
            return try await process.ask(
                "/metrics", accept: "application/openmetrics-text", expecting: "# EOF")
        case .console: return try await process.ask("/console/queues", expecting: "expire")
        case .status: return TimedAnswer(taken: try await status.measure())
        }
    }

    /// How far estimates are off, and how old they are.
    func errors(_ state: String) async throws -> [ReportRow] {
        let backlog = OperationsBacklog(bench: bench)
        var connection = try await bench.database.connectAsOwner()
        var errors: [Double] = []
        var ages: [Double] = []
        var last: [String] = []
        for _ in 0..<5 {
            let depths = try await backlog.depths(&connection)
            errors += depths.map { Double(abs($0.estimate - $0.rows)) / Double(max(1, $0.rows)) }
            last = depths.map { "\($0.stage): \($0.estimate) for \($0.rows)" }
            if let age = try await backlog.age(&connection) { ages.append(age * 1_000) }
            try await Task.sleep(for: .milliseconds(300))
        }
        let greatest = Spread([errors.max() ?? 0])
        return [
            ReportRow(
                figure: "depth error", title: "greatest error of the estimates, \(state)", unit: .ratio,
                ours: greatest, reference: nil, target: .limit(0.2), notes: [last.joined(separator: ", ")]),
            ReportRow(
                figure: "depth age", title: "greatest age of what is believed, \(state)", unit: .milliseconds,
                ours: Spread([ages.max() ?? 0]), reference: nil, target: .limit(5_000)),
        ]
    }
}
