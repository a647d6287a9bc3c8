import Foundation
package import Postgres

/// A moment in the past, as operators give it: `15m` ago, a day, which is its start in UTC, or RFC 3339.
package enum Since: Sendable, Hashable {
    case ago(Duration)
    case at(Timestamp)

    /// What was typed for `--since`, or for the field of that name.
    package init(typed text: String) throws(UnreadableInput) {
        if let duration = readDuration(text) {
            self = .ago(duration)
        } else if let date = Self.date(text) {
            self = .at(Timestamp(microseconds: Int64((date.timeIntervalSince1970 * 1e6).rounded())))
        } else {
            throw UnreadableInput("--since must be \(Self.allowed), not '\(text)'")
        }
    }

    package static let allowed =
        "a number and s, m, h or d, as 15m, a day, as 2026-01-31, or RFC 3339, as 2026-01-31T12:00:00Z"

    /// `now` is the database's.
    package func moment(_ now: Timestamp) -> Timestamp {
        switch self {
        case .ago(let duration): now.advanced(by: .zero - duration)
        case .at(let moment): moment
        }
    }

    private static func date(_ text: String) -> Date? {
        let isDay = text.utf8.count == 10 && !text.uppercased().contains("T")
        return moment(isDay ? text + "T00:00:00Z" : text)
    }

    private static func moment(_ text: String) -> Date? {
        let whole = Date.ISO8601FormatStyle()
        // It takes 31 February for 3 March. The same digits must come back, wherever the zone is.
        let digits = text.prefix(19).uppercased() + "Z"
        guard let read = try? whole.parse(digits), whole.format(read) == digits else { return nil }
        return (try? whole.parse(text))
            ?? (try? Date.ISO8601FormatStyle(includingFractionalSeconds: true).parse(text))
    }
}

/// `90s`, `15m`, `24h` or `30d`; nil for anything else, and for more than 10,000 days.
package func readDuration(_ text: String) -> Duration? {
    guard let unit = text.last, let seconds = ["s": 1, "m": 60, "h": 3_600, "d": 86_400][unit],
        let count = Int(text.dropLast()), count >= 0, count <= 864_000_000 / seconds
    else { return nil }
    return .seconds(count * seconds)
}
