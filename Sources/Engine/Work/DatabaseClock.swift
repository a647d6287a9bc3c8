package import Postgres
import Synchronization

/// The database's time on this machine: what it said last, and what has passed since by a clock that nobody sets.
///
/// Times that others judge, as those of keys and signatures, are of one clock whichever worker looks: that of a
/// machine may be ten minutes off.
package final class DatabaseClock: Sendable {
    private struct Reading {
        let time: Timestamp
        let at: ContinuousClock.Instant
    }
    private let reading: Mutex<Reading?> = Mutex(nil)

    package init() {}

    /// Takes note of what the database has just said.
    package func set(_ time: Timestamp) {
        reading.withLock { $0 = Reading(time: time, at: .now) }
    }

    /// This machine's own time until the database has said one.
    package var now: Timestamp {
        guard let reading = reading.withLock({ $0 }) else { return .now() }
        return reading.time.advanced(by: reading.at.duration(to: .now))
    }

    /// Since 1970.
    package var seconds: UInt64 { UInt64(max(0, now.microseconds / 1_000_000)) }
}

/// What time it is in the database.
package struct TellTime: PreparedStatement {
    package init() {}

    package static let statement = Statement("clock.tell", "SELECT clock_timestamp() AS now")
    package static func decode(_ row: inout RowReader) throws -> Timestamp { try row.timestamp("now") }
}
