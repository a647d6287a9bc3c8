package import Postgres

/// The audit trail as it is written: each event once and none missed, in whatever order their transactions commit.
///
/// What is read is what a snapshot has and the one before has not. It is looked for from the oldest writer on that has not
/// ended, not in all that is kept.
package struct EventStream: Sendable {
    /// After the last event that was returned. Events of the same page have cursors of their own.
    package private(set) var cursor: EventCursor
    private let filter: AuditEvent.Filter
    private let showsUsers: Bool

    package struct Line: Sendable {
        package let event: AuditEvent
        /// What follows comes after this event.
        package let cursor: EventCursor
    }

    /// The filter's limit is that of a page.
    package init(after cursor: EventCursor, _ filter: AuditEvent.Filter, showsUsers: Bool) {
        self.cursor = cursor
        self.filter = filter
        self.showsUsers = showsUsers
    }

    /// A cursor before all that was written since a time, or after all that can be seen now.
    package static func begin(
        since: Timestamp?, _ connection: inout Connection
    ) async throws -> EventCursor {
        EventCursor(since: since, try await connection.run(ReadEventPosition()).one())
    }

    /// The events of the next page, in the order of their ids. An empty one is the end, for now.
    package mutating func next(_ connection: inout Connection) async throws -> [Line] {
        let position = try await connection.run(ReadEventPosition()).one()
        try cursor.check(position)
        if cursor.page == nil { cursor.begin(position) }
        guard let page = cursor.page else { return [] }
        let statement = FollowEvents(cursor: cursor, page: page, filter: filter, showsUsers: showsUsers)
        let events = try await connection.run(statement).all()
        let lines = events.map { event in
            cursor.pass(event.id)
            return Line(event: event, cursor: cursor)
        }
        if events.count < filter.limit { cursor.finish() }
        return lines
    }
}

/// Events that a snapshot has and the one before has not.
struct FollowEvents: StatementFamily {
    let cursor: EventCursor
    let page: EventCursor.Page
    let filter: AuditEvent.Filter
    let showsUsers: Bool

    typealias Output = AuditEvent

    static let members = [
        Statement("events.follow_without_users", sql(showsUsers: false)),
        Statement("events.follow", sql(showsUsers: true)),
    ]
    var statement: Statement { Self.members[showsUsers ? 1 : 0] }
    var parameters: [Parameter] {
        [
            .timestamp(cursor.floor), Parameter(filter.transactionID), Parameter(filter.userID),
            filter.types.map { .texts($0) } ?? .null, .int(Int64(filter.limit)), .text(cursor.seen),
            .text(page.snapshot), Parameter(page.last),
        ]
    }

    /// $1 the floor, $2 transaction, $3 user, $4 types, each of these NULL for any, $5 rows at most, $6 what has been
    /// read, $7 what is read, $8 the event before it, NULL for none.
    private static func sql(showsUsers: Bool) -> String {
        let after = "coalesce($8::uuid, '00000000-0000-0000-0000-000000000000')"
        return """
            WITH found (\(AuditEvent.found)) AS (
                SELECT e.event_id, e.occurred_at, e.type, e.transaction_id, e.enrollment_id, e.portal_id, e.app_id,
                       \(AuditEvent.people(showsUsers))
                FROM countersign.events e
                WHERE e.event_id >= countersign.uuid_floor($1::timestamptz) AND e.event_id > \(after)
                  AND NOT pg_visible_in_snapshot(e.written_in, $6::pg_snapshot)
                  AND pg_visible_in_snapshot(e.written_in, $7::pg_snapshot)
                  AND ($2::uuid IS NULL OR e.transaction_id = $2::uuid)
                  AND \(showsUsers ? "($3::text IS NULL OR e.user_id = $3::text)" : "$3::text IS NULL")
                  AND \(AuditEvent.matches("e.type"))
                ORDER BY e.event_id LIMIT $5
            )
            \(AuditEvent.reading(showsUsers: showsUsers))
            ORDER BY f.id
            """
    }
}
