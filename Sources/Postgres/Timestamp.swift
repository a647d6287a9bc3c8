import Glibc

/// A point in time: microseconds since 1970-01-01 00:00:00 UTC, the resolution of `timestamptz`.
package struct Timestamp: Hashable, Sendable, Comparable, CustomStringConvertible {
    package var microseconds: Int64

    package init(microseconds: Int64) {
        self.microseconds = microseconds
    }

    /// `infinity` of `timestamptz`: later than any other.
    package static let distantFuture = Timestamp(microseconds: .max)
    /// `-infinity` of `timestamptz`: earlier than any other.
    package static let distantPast = Timestamp(microseconds: .min)

    /// The wall clock of this machine. Business time is the database's: `SELECT clock_timestamp()`.
    package static func now() -> Timestamp {
        var time = timespec()
        unsafe clock_gettime(CLOCK_REALTIME, &time)
        return Timestamp(microseconds: Int64(time.tv_sec) * 1_000_000 + Int64(time.tv_nsec) / 1_000)
    }

    /// This time moved by a duration, cut to whole microseconds. The infinities stay where they are.
    package func advanced(by duration: Duration) -> Timestamp {
        guard isFinite else { return self }
        let (seconds, attoseconds) = duration.components
        let distance = seconds * 1_000_000 + attoseconds / 1_000_000_000_000
        return Timestamp(microseconds: microseconds + distance)
    }

    /// How long after this time `other` is; negative when it is before.
    package func duration(to other: Timestamp) -> Duration {
        .microseconds(other.microseconds - microseconds)
    }

    package static func < (left: Timestamp, right: Timestamp) -> Bool {
        left.microseconds < right.microseconds
    }

    /// RFC 3339 in UTC with six decimals: `2026-01-31T23:59:59.123456Z`, or `infinity` or `-infinity`.
    package var description: String {
        guard isFinite else { return self == .distantFuture ? "infinity" : "-infinity" }
        let (days, time) = floorDivide(microseconds, 86_400_000_000)
        let (seconds, fraction) = floorDivide(time, 1_000_000)
        let (year, month, day) = civilDate(daysSince1970: days)
        let date = "\(padded(year, 4))-\(padded(month, 2))-\(padded(day, 2))"
        let clock = [seconds / 3_600, seconds / 60 % 60, seconds % 60].map { padded($0, 2) }
        return "\(date)T\(clock[0]):\(clock[1]):\(clock[2]).\(padded(fraction, 6))Z"
    }

    package var isFinite: Bool { self != .distantFuture && self != .distantPast }
}

private func padded(_ number: Int64, _ width: Int) -> String {
    let digits = String(number.magnitude)
    let zeros = String(repeating: "0", count: max(0, width - digits.count))
    return (number < 0 ? "-" : "") + zeros + digits
}

private func floorDivide(_ number: Int64, _ divisor: Int64) -> (quotient: Int64, remainder: Int64) {
    let (quotient, remainder) = number.quotientAndRemainder(dividingBy: divisor)
    return remainder < 0 ? (quotient - 1, remainder + divisor) : (quotient, remainder)
}

/// The date of the proleptic Gregorian calendar. A year is counted from 1 March, so that the leap day is
/// its last, and 400 years (146,097 days) are one cycle.
private func civilDate(daysSince1970 days: Int64) -> (year: Int64, month: Int64, day: Int64) {
    // 719,468 days lie between 0000-03-01 and 1970-01-01.
    let (cycle, dayOfCycle) = floorDivide(days + 719_468, 146_097)
    let leapDays = dayOfCycle / 1_460 - dayOfCycle / 36_524 + dayOfCycle / 146_096
    let yearOfCycle = (dayOfCycle - leapDays) / 365
    let dayOfYear = dayOfCycle - (365 * yearOfCycle + yearOfCycle / 4 - yearOfCycle / 100)
    let monthFromMarch = (5 * dayOfYear + 2) / 153
    let day = dayOfYear - (153 * monthFromMarch + 2) / 5 + 1
    let month = monthFromMarch < 10 ? monthFromMarch + 3 : monthFromMarch - 9
    return (cycle * 400 + yearOfCycle + (month <= 2 ? 1 : 0), month, day)
}
