import Countersign
import Postgres

/// How long ago, in one unit or two.
func age(_ time: Timestamp, _ now: Timestamp) -> String {
    let seconds = max(0, Int(time.duration(to: now) / .seconds(1)))
    return switch seconds {
    case ..<60: "\(seconds) s"
    case ..<3_600: "\(seconds / 60) min \(seconds % 60) s"
    case ..<86_400: "\(seconds / 3_600) h \(seconds / 60 % 60) min"
    default: "\(seconds / 86_400) d \(seconds / 3_600 % 24) h"
    }
}

/// `2026-01-31 23:59:59 UTC`, or with milliseconds.
func shown(_ time: Timestamp?, isPrecise: Bool = false) -> String {
    guard let time else { return "-" }
    return time.description.prefix(isPrecise ? 23 : 19).replacing("T", with: " ") + " UTC"
}

/// For the template `time`: how long ago or until then in one unit, and the exact time behind it.
func moment(_ time: Timestamp, _ now: Timestamp) -> [String: Any] {
    let seconds = Int(time.duration(to: now) / .seconds(1))
    let (count, unit) =
        switch abs(seconds) {
        case ..<60: (abs(seconds), "s")
        case ..<3_600: (abs(seconds) / 60, "min")
        case ..<86_400: (abs(seconds) / 3_600, "h")
        default: (abs(seconds) / 86_400, "d")
        }
    return [
        "relative": seconds < 0 ? "in \(count) \(unit)" : "\(count) \(unit) ago",
        "exact": shown(time, isPrecise: true), "machine": time.description,
    ]
}

/// For the template `pause`: who did it, and when.
func shown(_ pause: Pause, _ now: Timestamp) -> [String: Any] {
    var content: [String: Any] = [:]
    content["by"] = pause.by
    content["since"] = pause.since.map { moment($0, now) }
    return content
}

/// `4 ms`, `1.25 s` or `2 min 5 s`.
func span(_ duration: Duration) -> String {
    let milliseconds = max(0, Int(duration / .milliseconds(1)))
    switch milliseconds {
    case ..<1_000: return "\(milliseconds) ms"
    case ..<60_000:
        let hundredths = milliseconds % 1_000 / 10
        return "\(milliseconds / 1_000).\(hundredths < 10 ? "0" : "")\(hundredths) s"
    case ..<3_600_000: return "\(milliseconds / 60_000) min \(milliseconds / 1_000 % 60) s"
    default: return "\(milliseconds / 3_600_000) h \(milliseconds / 60_000 % 60) min"
    }
}

extension [String: Any] {
    /// To a template an empty text is something to show.
    var withoutEmptyTexts: [String: Any] { filter { ($0.value as? String) != "" } }
}
