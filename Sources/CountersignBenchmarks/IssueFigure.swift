/// The issue stage on a backlog, against a bare loop around its statement, and against the floor of a queue in SQL.
struct IssueFigure: Figure {
    func measure(_ bench: Bench) async throws -> [ReportRow] {
        let run = IssueRun(bench: bench, rows: Scale.shallowBacklog)
        var ours: [Double] = []
        var bare: [Double] = []
        var floor: [Double] = []
        for _ in 0..<Scale.issueRounds {
            ours.append(try await run.product())
            bare.append(try await run.bareLoop())
            if let rate = try await Floor.rate(run.rows, bench) { floor.append(rate) }
        }
        let title = "the issue stage, from a backlog of \(run.rows)"
        var rows = [
            ReportRow(
                figure: "issue", title: "\(title); a bare loop of its statement",
                unit: .perSecond, ours: Spread(ours), reference: Spread(bare), target: .atLeast(0.9))
        ]
        if !floor.isEmpty {
            rows.append(
                ReportRow(
                    figure: "issue floor",
                    title: "the same; pgbench: claim, update, outbox row, \(Floor.batch) in a statement",
                    unit: .perSecond, ours: Spread(ours), reference: Spread(floor), target: .atLeast(0.55)))
        }
        return rows
    }
}
