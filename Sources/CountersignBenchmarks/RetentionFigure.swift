/// Sign-ins with the partitions of a whole retention in place, as all other figures have them, against a new database, which
/// has those of today and a week ahead. Both stand on the same server and take turns.
struct RetentionFigure: Figure {
    func measure(_ bench: Bench) async throws -> [ReportRow] {
        try await bench.withNewDatabase { new in
            var ours: [LoadResult] = []
            var reference: [LoadResult] = []
            for round in 0..<Scale.retentionRounds {
                // Who comes second finds other caches, so both come first as often.
                if round.isMultiple(of: 2) { reference.append(try await new.signIn(.accept)) }
                ours.append(try await bench.signIn(.accept))
                if !round.isMultiple(of: 2) { reference.append(try await new.signIn(.accept)) }
            }
            return [
                ReportRow(
                    figure: "retention",
                    title: "sign-ins with the partitions of 30 days (events: 400); in a new database",
                    unit: .perSecond, ours: ours.rates, reference: reference.rates, target: .atLeast(0.95),
                    cpu: ours.cpuEach, notes: ["new: \(reference.cpuEach.summary)"])
            ]
        }
    }
}
