/// How metrics are written: the text format of Prometheus 0.0.4, or OpenMetrics 1.0.0 for those who ask for it.
package enum Exposition: Sendable {
    case text, openMetrics

    /// From a request's Accept header. Prometheus names OpenMetrics first when it wants it.
    package init(accept: String?) {
        self = accept?.contains("application/openmetrics-text") == true ? .openMetrics : .text
    }

    package var contentType: String {
        switch self {
        case .text: "text/plain; version=0.0.4; charset=utf-8"
        case .openMetrics: "application/openmetrics-text; version=1.0.0; charset=utf-8"
        }
    }

    package func write(_ families: [MetricFamily]) -> String {
        families.map(write).joined() + (self == .openMetrics ? "# EOF\n" : "")
    }

    private func write(_ family: MetricFamily) -> String {
        let title = title(family)
        var lines = [
            "# HELP \(title) \(escaped(family.help, quotes: self == .openMetrics))",
            "# TYPE \(title) \(family.kind.rawValue)",
        ]
        lines += family.samples.map { sample in
            let labels = sample.labels.map { "\($0.name)=\"\(escaped($0.value, quotes: true))\"" }
            let set = labels.isEmpty ? "" : "{\(labels.joined(separator: ","))}"
            return "\(family.name)\(sample.suffix)\(set) \(number(sample.value))"
        }
        return lines.joined(separator: "\n") + "\n"
    }

    /// OpenMetrics takes a counter's `_total` for part of its samples' names and not of the metric's.
    private func title(_ family: MetricFamily) -> String {
        self == .openMetrics && family.kind == .counter && family.name.hasSuffix("_total")
            ? String(family.name.dropLast(6)) : family.name
    }

    /// By scalars, as whoever reads it does.
    private func escaped(_ text: String, quotes: Bool) -> String {
        var escaped = String.UnicodeScalarView()
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\\": escaped += "\\\\".unicodeScalars
            case "\n": escaped += "\\n".unicodeScalars
            case "\"" where quotes: escaped += "\\\"".unicodeScalars
            default: escaped.append(scalar)
            }
        }
        return String(escaped)
    }
}

/// Whole numbers without a decimal point.
func number(_ value: Double) -> String {
    if value.isNaN { return "NaN" }
    if value.isInfinite { return value < 0 ? "-Inf" : "+Inf" }
    return value == value.rounded() && abs(value) < 1e15 ? "\(Int64(value))" : "\(value)"
}
