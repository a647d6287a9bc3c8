package import Postgres

/// One user's app on one device, as an operator sees it.
package struct Enrollment: Sendable, Hashable {
    package let id: Identifier
    package let app: String
    package let userID: String
    package let deviceID: String
    package let deviceName: String?
    package let platform: String?
    package let status: String
    package let reason: String?
    package let createdAt: Timestamp
    package let activatedAt: Timestamp?
    package let revokedAt: Timestamp?
    /// While too many wrong codes lock it.
    package let lockedUntil: Timestamp?
    /// Of the device's key; nil for an enrollment without one.
    package let fingerprint: String?
    /// Of the server's key that the device was given, and whether others share it.
    package let serverFingerprint: String?
    package let isServerKeyShared: Bool?
}

extension Enrollment {
    /// What to list; nil is any.
    package struct Filter: Sendable {
        package var app: String?
        package var userID: String?
        package var status: String?
        package var limit: Int

        package init(app: String? = nil, userID: String? = nil, status: String? = nil, limit: Int) {
            (self.app, self.userID, self.status, self.limit) = (app, userID, status, limit)
        }
    }

    package static let statuses = ["pending", "active", "rejected", "revoked"]

    /// The newest first.
    package static func list(
        _ filter: Filter, _ connection: inout Connection
    ) async throws -> [Enrollment] {
        try await connection.run(
            listing,
            [
                .null, Parameter(filter.app), Parameter(filter.userID), Parameter(filter.status),
                .int(Int64(filter.limit)),
            ]
        ).map(Enrollment.init)
    }

    /// Nil when there is no such enrollment.
    package static func read(
        _ id: Identifier, _ connection: inout Connection
    ) async throws -> Enrollment? {
        try await connection.run(listing, [.identifier(id), .null, .null, .null, .int(1)])
            .first.map(Enrollment.init)
    }

    /// To be thrown when there is nothing of that id.
    package static func unknown(_ id: Identifier) -> AdministrationError {
        .refused("there is no enrollment \(id): `countersign enrollment list` shows those that there are")
    }

    private init(_ row: Row) throws(DecodingFailure) {
        id = try row.identifier(0)
        app = try row.text(1)
        userID = try row.text(2)
        deviceID = try row.text(3)
        deviceName = try row.optionalText(4)
        platform = try row.optionalText(5)
        status = try row.text(6)
        reason = try row.optionalText(7)
        createdAt = try row.timestamp(8)
        activatedAt = try row.optionalTimestamp(9)
        revokedAt = try row.optionalTimestamp(10)
        lockedUntil = try row.optionalTimestamp(11)
        fingerprint = try row.optionalText(12)
        serverFingerprint = try row.optionalText(13)
        isServerKeyShared = try row.optionalBool(14)
    }

    /// $1 id, $2 app, $3 user, $4 status, each NULL for any, $5 rows at most.
    package static let listing = Statement(
        "enrollment.list",
        """
        SELECT e.enrollment_id, a.name, e.user_id, e.device_id, e.device_name, e.platform, e.status, e.reason,
               e.created_at, e.activated_at, e.revoked_at,
               CASE WHEN e.locked_until > clock_timestamp() THEN e.locked_until END,
               e.key_fingerprint, k.fingerprint, k.shared
        FROM countersign.enrollments e JOIN countersign.apps a USING (app_id)
        LEFT JOIN countersign.server_keys k USING (server_key_id)
        WHERE ($1::uuid IS NULL OR e.enrollment_id = $1::uuid) AND ($2::text IS NULL OR a.name = $2::text)
          AND ($3::text IS NULL OR e.user_id = $3::text) AND ($4::text IS NULL OR e.status = $4::text)
        ORDER BY e.enrollment_id DESC LIMIT $5
        """)
}
