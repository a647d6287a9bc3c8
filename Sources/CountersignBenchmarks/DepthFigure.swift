/// The issue stage on deep backlogs, against a shallower one before and after each: the machine's pace drifts.
struct DepthFigure: Figure {
    func measure(_ bench: Bench) async throws -> [ReportRow] {
        let shallow = IssueRun(bench: bench, rows: Scale.shallowBacklog)
        var rows: [ReportRow] = []
        for depth in bench.scale.depths {
            let deep = IssueRun(bench: bench, rows: depth.rows)
            var ours: [Double] = []
            var reference: [Double] = []
            for _ in 0..<bench.scale.deepRounds {
                reference.append(try await shallow.product())
                ours.append(try await deep.product())
                reference.append(try await shallow.product())
            }
            rows.append(
                ReportRow(
                    figure: "depth",
                    title: "the issue stage, from a backlog of \(deep.rows); from one of \(shallow.rows)",
                    unit: .perSecond, ours: Spread(ours), reference: Spread(reference),
                    target: .atLeast(depth.ratio)))
        }
        return rows
    }
}
