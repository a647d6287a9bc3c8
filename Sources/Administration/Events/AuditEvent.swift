package import Postgres

/// One line of the audit trail: what happened, to what, and by whom.
package struct AuditEvent: Sendable, Hashable {
    package let id: Identifier
    package let occurredAt: Timestamp
    package let type: String
    package let transactionID: Identifier?
    package let enrollmentID: Identifier?
    package let portal: String?
    package let app: String?
    /// Only for those who may see users, as are the two after it.
    package let userID: String?
    package let actor: String?
    /// A JSON object. Of a signed answer it holds the evidence, with the certificate of its enrollment where that is still
    /// the one that was enrolled then.
    package let details: String?
    /// The details without the evidence, `name=value` in one line.
    package let summary: String?
}

extension AuditEvent {
    /// Whose start is not written when it happens, which inserts would pay for: it is read from the requests.
    package static let started = "request.started"

    /// What to look for; nil is any.
    package struct Filter: Sendable {
        package var userID: String?
        package var transactionID: Identifier?
        /// Whole names, or the word before the dot.
        package var types: [String]?
        package var since: Timestamp?
        package var until: Timestamp?
        /// Only what is a portal's.
        package var portal: String?
        /// Only older ones than this: where the page before has ended.
        package var before: Identifier?
        package var limit: Int

        package init(
            userID: String? = nil, transactionID: Identifier? = nil, types: [String]? = nil,
            since: Timestamp? = nil, limit: Int
        ) {
            self.userID = userID
            self.transactionID = transactionID
            self.types = types
            self.since = since
            self.limit = limit
        }
    }

    /// Whether this login may see users, actors and details.
    package static func showsUsers(_ connection: inout Connection) async throws -> Bool {
        try await connection.run(MaySeeUsers()).one()
    }

    /// The newest first.
    package static func find(
        _ filter: Filter, showsUsers: Bool, _ connection: inout Connection
    ) async throws -> [AuditEvent] {
        try await connection.run(SearchEvents(filter: filter, showsUsers: showsUsers)).all()
    }

    /// The login, and whom of several people behind it it names.
    package static let actor = "e.actor || coalesce(' (' || e.operator || ')', '')"

    /// Reads `found`, which has `AuditEvent.found` for its columns. A certificate is kept once, with its enrollment.
    static func reading(showsUsers: Bool) -> String {
        let certificate =
            showsUsers
            ? """
            LEFT JOIN countersign.enrollments k ON k.enrollment_id = f.enrollment_id
                AND encode(sha256(convert_to(k.public_key, 'UTF8')), 'hex') = f.details #>> '{evidence,certificate_sha256}'
            """ : "CROSS JOIN (SELECT NULL::text AS public_key) AS k"
        return """
            SELECT f.id, f.at, f.type, f.transaction_id, f.enrollment_id, p.name AS portal, a.name AS app, f.user_id, f.actor,
                   CASE WHEN k.public_key IS NULL THEN f.details
                        ELSE jsonb_set(f.details, '{evidence,certificate}', to_jsonb(k.public_key)) END::text AS details,
                   (SELECT string_agg(d.key || '=' || d.value, ' ' ORDER BY d.key)
                    FROM jsonb_each_text(f.details - 'evidence') d) AS summary
            FROM found f LEFT JOIN countersign.portals p USING (portal_id) LEFT JOIN countersign.apps a USING (app_id)
            \(certificate)
            """
    }

    /// The columns of `found`.
    static let found =
        "id, at, type, transaction_id, enrollment_id, portal_id, app_id, user_id, actor, details"

    /// Users, actors and details of `countersign.events e`, where they may be seen.
    static func people(_ showsUsers: Bool) -> String {
        showsUsers
            ? "e.user_id, \(actor), countersign.event_details(e)" : "NULL::text, NULL::text, NULL::jsonb"
    }

    /// Whether a type is one of `types`, which is NULL for any.
    static func matches(_ type: String, in types: String = "$4") -> String {
        let all = "\(types)::text[]"
        return "(\(all) IS NULL OR \(type) = ANY (\(all)) OR split_part(\(type), '.', 1) = ANY (\(all)))"
    }
}

extension AuditEvent: RowReadable {
    package init(_ row: inout RowReader) throws {
        id = try row.identifier("id")
        occurredAt = try row.timestamp("at")
        type = try row.text("type")
        transactionID = try row.optionalIdentifier("transaction_id")
        enrollmentID = try row.optionalIdentifier("enrollment_id")
        portal = try row.optionalText("portal")
        app = try row.optionalText("app")
        userID = try row.optionalText("user_id")
        actor = try row.optionalText("actor")
        details = try row.optionalText("details")
        summary = try row.optionalText("summary")
    }
}

/// Whether this login may see users, actors and details.
struct MaySeeUsers: PreparedStatement {
    static let statement = Statement(
        "events.permission",
        "SELECT has_column_privilege('countersign.events', 'user_id', 'SELECT') AS may_read")

    static func decode(_ row: inout RowReader) throws -> Bool { try row.bool("may_read") }
}

/// Events, the newest first.
struct SearchEvents: StatementFamily {
    let filter: AuditEvent.Filter
    let showsUsers: Bool

    typealias Output = AuditEvent

    static let members = [
        Statement("events.search_without_users", searchSQL(showsUsers: false)),
        Statement("events.search", searchSQL(showsUsers: true)),
    ]
    var statement: Statement { Self.members[showsUsers ? 1 : 0] }
    var parameters: [Parameter] {
        [
            Parameter(filter.since), Parameter(filter.transactionID), Parameter(filter.userID),
            filter.types.map { .texts($0) } ?? .null, .int(Int64(filter.limit)),
        ]
    }

    /// $1 since when, $2 transaction, $3 user, $4 types, each NULL for any, $5 rows at most.
    private static func searchSQL(showsUsers: Bool) -> String {
        let since = """
            coalesce(countersign.uuid_floor($1::timestamptz), '00000000-0000-0000-0000-000000000000')
            """
        let ofUser = showsUsers ? "($3::text IS NULL OR e.user_id = $3::text)" : "$3::text IS NULL"
        return """
            WITH found (\(AuditEvent.found)) AS (
                (SELECT e.event_id, e.occurred_at, e.type, e.transaction_id, e.enrollment_id, e.portal_id, e.app_id,
                        \(AuditEvent.people(showsUsers))
                 FROM countersign.events e
                 WHERE e.event_id >= \(since) AND ($2::uuid IS NULL OR e.transaction_id = $2::uuid)
                   AND \(ofUser) AND \(AuditEvent.matches("e.type"))
                 ORDER BY e.event_id DESC LIMIT $5)
                UNION ALL
                (SELECT r.transaction_id, r.requested_at, '\(AuditEvent.started)', r.transaction_id, NULL, r.portal_id, NULL,
                        NULL, NULL, NULL
                 FROM countersign.auth_requests r
                 WHERE r.transaction_id >= \(since) AND ($2::uuid IS NULL OR r.transaction_id = $2::uuid)
                   AND $3::text IS NULL AND \(AuditEvent.matches("'\(AuditEvent.started)'"))
                 ORDER BY r.transaction_id DESC LIMIT $5)
            )
            \(AuditEvent.reading(showsUsers: showsUsers))
            ORDER BY f.id DESC LIMIT $5
            """
    }
}
