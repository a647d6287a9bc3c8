import Administration
import Postgres

/// Lines over time as the template `chart` shows them: a picture of 600 by 200 that is stretched, with its axes beside it, and
/// the same figures as a table.
struct Chart {
    struct Series {
        let name: String
        /// Of each time; nil where there is none.
        let values: [Double?]
    }

    private static let size = (width: 600.0, height: 200.0)

    let id: String
    let title: String
    let times: [Timestamp]
    let series: [Series]
    /// How a value is written.
    let format: (Double) -> String
    /// What stands in the legend beside a name: the sum, or the last value.
    let legend: (Series) -> String
    /// Where the vertical axis ends.
    let top: Double

    init(
        id: String, title: String, times: [Timestamp], series: [Series],
        format: @escaping (Double) -> String, legend: @escaping (Series) -> String
    ) {
        (self.id, self.title, self.times, self.series) = (id, title, times, series)
        (self.format, self.legend) = (format, legend)
        top = Self.top(of: series)
    }

    /// A number whose quarters are round.
    private static func top(of series: [Series]) -> Double {
        let most = series.flatMap { $0.values.compactMap(\.self) }.max() ?? 0
        var unit = 1.0
        while unit * 20 < most { unit *= 10 }
        // Quarters of ten are no whole numbers.
        return [4, 8, 10, 20].filter { unit > 1 || $0 != 10 }.map { $0 * unit }.first { $0 >= most } ?? 4
    }

    func content(isLong: Bool) -> [String: Any] {
        let hasValues = series.contains { $0.values.contains { $0 != nil } }
        let labels = (0...4).map { times[(times.count - 1) * $0 / 4] }.map { label($0, isLong) }
        return [
            "id": id, "title": title, "hasValues": hasValues,
            "spoken": title + ": " + series.map { "\($0.name) \(legend($0))" }.joined(separator: ", "),
            "keys": series.enumerated().map { ["tone": "s\($0)", "name": $1.name, "value": legend($1)] },
            "lines": series.enumerated().flatMap { index, series in
                runs(series.values).map { ["tone": "s\(index)", "points": $0] }
            },
            "levels": [4, 3, 2, 1, 0].map { format(top * Double($0) / 4) }, "moments": labels,
            "columns": columns(isLong), "names": series.map(\.name), "rows": rows(isLong),
        ]
    }

    /// Points of polylines, broken where there is no value.
    private func runs(_ values: [Double?]) -> [String] {
        var runs: [[String]] = [[]]
        for (index, value) in values.enumerated() {
            guard let value else {
                if !runs[runs.count - 1].isEmpty { runs.append([]) }
                continue
            }
            runs[runs.count - 1].append(
                "\(rounded(x(index))),\(rounded(Self.size.height * (1 - value / top)))")
        }
        // One point alone draws nothing.
        return runs.filter { !$0.isEmpty }.map { ($0.count == 1 ? $0 + $0 : $0).joined(separator: " ") }
    }

    private func x(_ index: Int) -> Double {
        Self.size.width * (Double(index) + 0.5) / Double(times.count)
    }

    /// What is read under the pointer.
    private func columns(_ isLong: Bool) -> [[String: Any]] {
        let width = Self.size.width / Double(times.count)
        return times.indices.filter { index in series.contains { $0.values[index] != nil } }.map { index in
            [
                "x": rounded(width * Double(index)), "width": rounded(width),
                "text": label(times[index], isLong) + " UTC: " + words(index),
            ]
        }
    }

    private func words(_ index: Int) -> String {
        series.compactMap { series in series.values[index].map { "\(series.name) \(format($0))" } }
            .joined(separator: ", ")
    }

    /// The newest first.
    private func rows(_ isLong: Bool) -> [[String: Any]] {
        times.indices.reversed().filter { index in series.contains { $0.values[index] != nil } }.map {
            index in
            [
                "at": label(times[index], isLong),
                "values": series.map { ["name": $0.name, "value": $0.values[index].map(format) ?? "-"] },
            ]
        }
    }

    private func label(_ time: Timestamp, _ isLong: Bool) -> String {
        let text = time.description
        return String(isLong ? text.dropFirst(5).prefix(5) : text.dropFirst(11).prefix(5))
    }
}

/// With one decimal.
private func rounded(_ number: Double) -> String { "\((number * 10).rounded() / 10)" }
