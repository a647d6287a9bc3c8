import Postgres

/// One portal that inserts now and then while another has 100,000 requests waiting, against itself alone; and the
/// memory of the worker that bears it.
struct FairnessFigure: Figure {
    func measure(_ bench: Bench) async throws -> [ReportRow] {
        try await bench.withWorker { worker in
            var beside = Latencies()
            var alone = Latencies()
            var request = try await SingleRequest.connect(bench.installation.portals[0], bench.database)
            var resident: [Double] = []
            for _ in 0..<bench.scale.fairnessRounds {
                var neighbour = try await Neighbour(bench.installation.portals[1], bench)
                for _ in 0..<10 { _ = try await request.measure() }
                for _ in 0..<50 { alone.record(try await request.measure()) }
                try await neighbour.load()
                while let latency = try await neighbour.measure(&request) { beside.record(latency) }
                resident.append(try worker.memory().now)
            }
            try worker.check()
            return try rows(beside, alone, resident: Spread(resident), worker)
        }
    }

    private func rows(
        _ beside: Latencies, _ alone: Latencies, resident: Spread, _ worker: WorkerProcess
    ) throws -> [ReportRow] {
        [
            ReportRow(
                figure: "fairness", title: "one portal's p99 while another has 100,000 waiting; alone",
                unit: .milliseconds, ours: Spread([beside.percentile(99)]),
                reference: Spread([alone.percentile(99)]), target: .atMost(3),
                notes: ["ours: \(beside.summary)", "reference: \(alone.summary)"]),
            ReportRow(
                figure: "memory", title: "greatest resident memory of work under that load", unit: .mebibytes,
                ours: Spread([try worker.memory().greatest]), reference: nil, target: .limit(64),
                notes: ["after each round: \(resident.median.formatted(.mebibytes)) MiB"]),
        ]
    }
}

/// A portal with a large backlog. Being disabled keeps it from being worked off before all is there.
struct Neighbour: ~Copyable {
    private let site: Installation.Site
    private let bench: Bench
    private var superuser: Connection
    private var last: [Identifier] = []

    init(_ site: Installation.Site, _ bench: Bench) async throws {
        self.site = site
        self.bench = bench
        superuser = try await bench.database.connectAsSuperuser()
    }

    mutating func load() async throws {
        try await enable(false)
        let backlog = Backlog(bench)
        try await backlog.load(Scale.neighbourBacklog, of: [site.id])
        last = try await backlog.lastRequests(&superuser)
        try await bench.settle(&superuser)
        try await enable(true)
    }

    /// A request of the other portal; nil once the backlog is worked off, when it had waited for nobody.
    mutating func measure(_ request: inout SingleRequest) async throws -> Duration? {
        let latency = try await request.measure()
        return try await Backlog(bench).isWaiting(last, &superuser) ? latency : nil
    }

    private mutating func enable(_ isEnabled: Bool) async throws {
        try await superuser.run(SwitchPortal(id: site.id, isEnabled: isEnabled))
    }
}

struct SwitchPortal: PreparedStatement {
    let id: Int32
    let isEnabled: Bool

    static let statement = Statement(
        "enable", "UPDATE countersign.portals SET enabled = $2 WHERE portal_id = $1")
    var parameters: [Parameter] { [.int32(id), .bool(isEnabled)] }
}
