/// Rows done in each minute of the last hour: lines in a picture of 120 by 24, broken where nobody kept house.
struct Sparkline {
    /// Points of a polyline each.
    let lines: [String]
    let most: Int
    /// For those who do not see it.
    let spoken: String

    init(_ history: [HistoryPoint]) {
        let most = history.map(\.done).max() ?? 0
        self.most = most
        let scale = max(1, most)
        var runs: [[HistoryPoint]] = []
        for point in history {
            let isNext = runs.last?.last.map { $0.minutesAgo - point.minutesAgo <= 1 } ?? false
            if isNext { runs[runs.count - 1].append(point) } else { runs.append([point]) }
        }
        lines = runs.map { run in
            let points = run.map { "\((59 - $0.minutesAgo) * 2 + 1),\(23 - $0.done * 22 / scale)" }
            // One point alone draws nothing.
            return (points.count == 1 ? points + points.map { $0.replacing(",", with: ".5,") } : points)
                .joined(separator: " ")
        }
        spoken =
            history.last.map {
                "rows a minute: \($0.done) in the last one recorded, at most \(most) within the hour"
            } ?? "no figures yet"
    }
}
