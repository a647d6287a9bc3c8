import Foundation

/// What a run found.
struct Report: Sendable, Encodable {
    struct Failure: Sendable, Encodable {
        let figure: String
        let reason: String
    }

    /// How busy the machine was: figures of a machine that others use are lower than its own.
    struct Moment: Sendable, Encodable {
        let time: String
        let load: String

        static func now() -> Moment {
            let load = try? String(contentsOfFile: "/proc/loadavg", encoding: .utf8)
            let averages = load?.split(separator: " ").prefix(3).joined(separator: " ")
            return Moment(time: Date.now.ISO8601Format(), load: averages ?? "unknown")
        }
    }

    let scale: String
    let serverVersion: String
    let start: Moment
    var end: Moment?
    var rows: [ReportRow] = []
    var failures: [Failure] = []

    var hasFailures: Bool { !failures.isEmpty }

    func json() throws -> String {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
        return String(decoding: try encoder.encode(self), as: UTF8.self)
    }
}

/// The table.
extension Report {
    var text: String {
        let lines =
            [heading, ""] + table(rows.map(\.cells)) + failures.map { "\($0.figure) failed: \($0.reason)" }
        return lines.joined(separator: "\n")
    }

    private var heading: String {
        let cores = ProcessInfo.processInfo.activeProcessorCount
        return "\(scale) run, PostgreSQL \(serverVersion), \(cores) cores, \(start.time); "
            + "load average \(start.load) at the start, \(end?.load ?? "unknown") at the end"
    }

    /// Two lines a row: the figures, then what they are.
    private func table(_ cells: [[String]]) -> [String] {
        let head = ["FIGURE", "OURS", "REFERENCE", "RATIO", "TARGET", ""]
        let widths = head.indices.map { column in ([head] + cells).map { $0[column].count }.max() ?? 0 }
        let lines = ([head] + cells).map { row in
            row.indices.map { row[$0].padding(toLength: widths[$0], withPad: " ", startingAt: 0) }
                .joined(separator: "  ").trimmingCharacters(in: .whitespaces)
        }
        let details = [[]] + rows.map { row in ([row.title] + row.remarks).map { "    \($0)" } }
        return zip(lines, details).flatMap { [$0] + $1 } + [""]
    }
}

extension ReportRow {
    /// Everything in one line.
    var line: String { (cells.filter { $0 != "" } + [title] + remarks).joined(separator: " | ") }

    fileprivate var cells: [String] {
        [
            figure, text(ours), reference.map(text) ?? "-", ratio?.formatted(.ratio) ?? "-",
            target.text(unit) ?? "-",
            verdict ?? "",
        ]
    }

    private func text(_ spread: Spread) -> String {
        let middle = spread.median.formatted(unit) + (unit == .perSecond ? "/s" : " \(unit.rawValue)")
        guard spread.least < spread.greatest else { return middle }
        return middle + " [\(spread.least.formatted(unit)) to \(spread.greatest.formatted(unit))]"
    }
}
