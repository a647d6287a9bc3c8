package import Postgres

extension AuditEvent {
    /// What the audit trail has of a request, the oldest first; at most 200.
    package static func all(
        of request: RequestLife.Request, _ connection: inout Connection
    ) async throws -> [AuditEvent] {
        let search = FindRequestEvents(id: request.id, requestedAt: request.requestedAt)
        return try await connection.run(search).all()
    }
}

/// For logins in countersign_admin. The request's time bounds the weeks in which they are looked for.
struct FindRequestEvents: PreparedStatement {
    let id: Identifier
    let requestedAt: Timestamp

    typealias Output = AuditEvent

    static let statement = Statement(
        "request.events",
        """
        WITH found AS MATERIALIZED (  -- in an order, or between two bounds, it would walk along the primary key
            SELECT f.*, countersign.event_details(f) AS all_details FROM countersign.events f
            WHERE f.transaction_id = $1 AND f.event_id >= countersign.uuid_floor($2::timestamptz)
        )
        SELECT e.event_id AS id, e.occurred_at AS at, e.type, e.transaction_id, e.enrollment_id, p.name AS portal,
               a.name AS app, e.user_id, \(AuditEvent.actor) AS actor, NULL::text AS details,
               (SELECT string_agg(d.key || '=' || d.value, ' ' ORDER BY d.key)
                FROM jsonb_each_text(e.all_details - 'evidence') d) AS summary
        FROM found e LEFT JOIN countersign.portals p USING (portal_id)
        LEFT JOIN countersign.apps a USING (app_id)
        ORDER BY e.event_id LIMIT 200
        """)
    var parameters: [Parameter] { [.identifier(id), .timestamp(requestedAt)] }
}
