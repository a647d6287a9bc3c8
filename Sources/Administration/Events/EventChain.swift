package import Postgres

/// The chain of digests over the audit trail: each closed span of events carries the digest of the span before it.
package struct EventChain: Sendable {
    package struct Problem: Sendable, Hashable, RowReadable {
        package let since: Timestamp
        package let until: Timestamp
        package let sentence: String

        package init(_ row: inout RowReader) throws {
            since = try row.timestamp("since")
            until = try row.timestamp("until")
            sentence = try row.text("problem")
        }
    }

    /// The newest digest. Who has written it down elsewhere knows when the end of the trail was cut off, too.
    package struct End: Sendable, Hashable {
        package let until: Timestamp
        package let digest: String
        /// Of all spans.
        package let events: Int
    }

    /// The oldest first.
    package let problems: [Problem]
    /// Nil while nothing has been closed yet.
    package let end: End?

    /// Reads every event that is kept. Takes no locks.
    package static func verify(_ connection: inout Connection) async throws -> EventChain {
        EventChain(
            problems: try await connection.run(VerifyEvents()).all(),
            end: try await connection.run(FindLastDigest()).first())
    }
}

/// Spans that are not as they were closed.
package struct VerifyEvents: PreparedStatement {
    package typealias Output = EventChain.Problem

    package static let statement = Statement(
        "events.verify", "SELECT since, until, problem FROM countersign.verify_events()")
}

/// The newest digest, in hexadecimal digits.
package struct FindLastDigest: PreparedStatement {
    package static let statement = Statement(
        "events.last_digest",
        """
        SELECT until, encode(digest, 'hex') AS digest,
               (SELECT sum(events) FROM countersign.event_digests)::bigint AS events
        FROM countersign.event_digests ORDER BY until DESC LIMIT 1
        """)

    package static func decode(_ row: inout RowReader) throws -> EventChain.End {
        EventChain.End(
            until: try row.timestamp("until"), digest: try row.text("digest"), events: try row.int("events"))
    }
}
