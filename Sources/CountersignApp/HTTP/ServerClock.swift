import Foundation

/// The server's time, learnt from the `Date` of its answers (RFC 9110 section 6.6.1) and carried on by a clock that
/// nobody sets. A phone whose clock is wrong can sign in all the same.
actor ServerClock {
    private var known: (time: Date, at: ContinuousClock.Instant)?

    /// The device's own clock, until an answer has come.
    var now: Date {
        guard let known else { return Date() }
        let passed = (ContinuousClock.now - known.at).components
        return known.time + TimeInterval(passed.seconds) + TimeInterval(passed.attoseconds) / 1e18
    }

    func learn(from answer: TransportAnswer) {
        guard let text = answer.headers["date"], let time = Self.format.date(from: text) else { return }
        known = (time, .now)
    }

    /// The one form that servers send: section 5.6.7.
    private static let format: DateFormatter = {
        let format = DateFormatter()
        format.locale = Locale(identifier: "en_US_POSIX")
        format.timeZone = TimeZone(secondsFromGMT: 0)
        format.dateFormat = "EEE, dd MMM yyyy HH:mm:ss 'GMT'"
        return format
    }()
}
