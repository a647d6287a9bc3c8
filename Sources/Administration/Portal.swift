package import Postgres

/// A web site that wants its visitors signed in.
package struct Portal: Sendable, Hashable {
    package let id: Int
    package let name: String
    /// What users read in the prompt.
    package let displayName: String
    package let login: String
    package let isEnabled: Bool
    /// Its requests are accepted and wait; see `OperatorAction.pausePortal`.
    package let isPaused: Bool
    /// It has more than `maxOpenRequests` open requests, and gets no new ones for now.
    package let isOverLimit: Bool
    package let maxOpenRequests: Int
    package let createdAt: Timestamp
}

extension Portal {
    package static func list(_ connection: inout Connection) async throws -> [Portal] {
        try await connection.run(listing).map(Portal.init)
    }

    /// Returns false when it was so already. A disabled portal's requests are refused with CS008.
    package static func setEnabled(
        _ enabled: Bool, _ name: String, _ connection: inout Connection
    ) async throws -> Bool {
        let changed = try await connection.run(enabling, [.text(name), .bool(enabled)])
        guard let row = changed.first else { throw try await NamedThing.portal.unknown(name, &connection) }
        return try row.bool(0)
    }

    private init(_ row: Row) throws(DecodingFailure) {
        id = try row.int(0)
        name = try row.text(1)
        displayName = try row.text(2)
        login = try row.text(3)
        isEnabled = try row.bool(4)
        isOverLimit = try row.bool(5)
        maxOpenRequests = try row.int(6)
        createdAt = try row.timestamp(7)
        isPaused = try row.bool(8)
    }
}

extension Portal {
    package static let listing = Statement(
        "portal.list",
        """
        SELECT portal_id, name, display_name, login, enabled, over_limit, max_open_requests, created_at, paused
        FROM countersign.portals ORDER BY name
        """)

    /// $1 name, $2 wanted. One row when the portal exists: whether anything changed.
    package static let enabling = Statement(
        "portal.enable",
        """
        WITH changed AS (
            UPDATE countersign.portals SET enabled = $2::boolean WHERE name = $1 AND enabled <> $2::boolean
            RETURNING portal_id
        ), audited AS (
            INSERT INTO countersign.events (portal_id, type, details)
            SELECT portal_id, CASE WHEN $2 THEN 'portal.enabled' ELSE 'portal.disabled' END,
                   jsonb_build_object('name', $1::text) FROM changed
        )
        SELECT EXISTS (SELECT FROM changed) FROM countersign.portals WHERE name = $1
        """)
}
