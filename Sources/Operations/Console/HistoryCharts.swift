import Administration
import Countersign
import Postgres

/// The charts of the first page.
enum HistoryCharts {
    static func content(_ history: History) -> [[String: Any]] {
        let isLong = history.span != .hour && history.span != .day
        return charts(history).map { $0.content(isLong: isLong) }
    }

    private static func charts(_ history: History) -> [Chart] {
        [
            counts(
                "ends", "Sign-ins by end", history,
                History.ends.enumerated().map { index, name in (name, { $0.ended[index] }) }),
            times("code", "Time to code", history, \.codeTimes),
            times("answer", "Time to answer", history, \.answerTimes),
            counts(
                "webhooks", "Webhooks by result", history,
                [("delivered", \.delivered), ("failed attempts", \.undelivered), ("given up", \.dead)]),
            backlog(history),
        ]
    }

    private static func counts(
        _ id: String, _ title: String, _ history: History,
        _ series: [(String, (History.SignIns) -> Int)]
    ) -> Chart {
        Chart(
            id: id, title: title, times: history.times,
            series: series.map { name, value in
                .init(name: name, values: history.signIns.map { $0.map { Double(value($0)) } })
            }, format: { grouped(Int($0)) },
            legend: { grouped(Int($0.values.compactMap(\.self).reduce(0, +))) })
    }

    private static func times(
        _ id: String, _ title: String, _ history: History,
        _ histogram: (History.SignIns) -> TimeHistogram
    ) -> Chart {
        let whole = history.signIns.compactMap(\.self).reduce(into: TimeHistogram()) { $0 += histogram($1) }
        let shares: [(name: String, share: Double)] = [("p50", 0.5), ("p99", 0.99)]
        return Chart(
            id: id, title: title, times: history.times,
            series: shares.map { name, share in
                .init(
                    name: name,
                    values: history.signIns.map {
                        $0.flatMap { histogram($0).quantile(share) }.map { $0 / .milliseconds(1) }
                    })
            }, format: { span(.microseconds(Int64($0 * 1_000))) },
            legend: { series in
                let share = shares.first { $0.name == series.name }?.share ?? 0.5
                return whole.quantile(share).map { span($0) } ?? "-"
            })
    }

    private static func backlog(_ history: History) -> Chart {
        let none = [Int?](repeating: nil, count: history.times.count)
        return Chart(
            id: "backlog", title: "Backlog by stage", times: history.times,
            series: StageName.allCases.filter { $0 != .housekeep }.map { stage in
                .init(
                    name: stage.rawValue,
                    values: (history.waiting[stage.rawValue] ?? none).map { $0.map(Double.init) })
            }, format: { grouped(Int($0)) },
            legend: { $0.values.last { $0 != nil }?.map { grouped(Int($0)) } ?? "-" })
    }
}
