/// The issue stage on a deep backlog, against a shallower one.
struct DepthFigure: Figure {
    func measure(_ bench: Bench) async throws -> [ReportRow] {
        let deep = IssueRun(bench: bench, rows: bench.scale.deepBacklog)
        let shallow = IssueRun(bench: bench, rows: bench.scale.backlog)
        var ours: [Double] = []
        var reference: [Double] = []
        for _ in 0..<bench.scale.deepRounds {
            reference.append(try await shallow.product())
            ours.append(try await deep.product())
            reference.append(try await shallow.product())
        }
        return [
            ReportRow(
                figure: "depth",
                title: "the issue stage, from a backlog of \(deep.rows); from one of \(shallow.rows)",
                unit: .perSecond, ours: Spread(ours), reference: Spread(reference), target: .atLeast(0.9))
        ]
    }
}
