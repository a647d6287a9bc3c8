/// The issue stage on a backlog, against a bare loop around its statement.
struct IssueFigure: Figure {
    func measure(_ bench: Bench) async throws -> [ReportRow] {
        let run = IssueRun(bench: bench, rows: bench.scale.backlog)
        var ours: [Double] = []
        var bare: [Double] = []
        for _ in 0..<bench.scale.rounds {
            ours.append(try await run.product())
            bare.append(try await run.bareLoop())
        }
        return [
            ReportRow(
                figure: "issue",
                title: "the issue stage, from a backlog of \(run.rows); a bare loop of its statement",
                unit: .perSecond, ours: Spread(ours), reference: Spread(bare), target: .atLeast(0.8))
        ]
    }
}
