import Foundation
package import Postgres

/// The header field Retry-After (RFC 9110 section 10.2.3): seconds, or a date in one of the three forms of
/// section 5.6.7.
package enum RetryAfter {
    private static let forms = [
        "EEE, dd MMM yyyy HH:mm:ss zzz", "EEEE, dd-MMM-yy HH:mm:ss zzz", "EEE MMM d HH:mm:ss yyyy",
    ]

    /// Seconds from now, at least 0; nil when there is none or it cannot be read.
    package static func seconds(_ value: String?, now: Timestamp) -> Int? {
        guard let value, value.utf8.count <= 64 else { return nil }
        if let seconds = Int(value) { return max(0, seconds) }
        let format = DateFormatter()
        format.locale = Locale(identifier: "en_US_POSIX")
        format.timeZone = TimeZone(identifier: "GMT")
        for form in forms {
            format.dateFormat = form
            guard let date = format.date(from: value) else { continue }
            let seconds = (date.timeIntervalSince1970 - Double(now.microseconds) / 1e6).rounded(.up)
            // Some years are further away than an integer counts.
            return Int(min(max(seconds, 0), 1e9))
        }
        return nil
    }
}
