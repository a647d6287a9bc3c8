/// The issue stage while another session holds an old snapshot, against itself.
struct SnapshotFigure: Figure {
    func measure(_ bench: Bench) async throws -> [ReportRow] {
        let free = IssueRun(bench: bench, rows: bench.scale.heldBacklog)
        let held = IssueRun(bench: bench, rows: bench.scale.heldBacklog, holdsSnapshot: true)
        var ours: [Double] = []
        var reference: [Double] = []
        for _ in 0..<Scale.issueRounds {
            ours.append(try await held.product())
            reference.append(try await free.product())
        }
        return [
            ReportRow(
                figure: "snapshot",
                title: "the same with another session holding a snapshot open throughout; without it",
                unit: .perSecond, ours: Spread(ours), reference: Spread(reference), target: .atLeast(0.8))
        ]
    }
}
