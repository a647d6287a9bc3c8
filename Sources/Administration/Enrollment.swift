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
        try await connection.run(ListEnrollments(filter: filter)).all()
    }

    /// Nil when there is no such enrollment.
    package static func read(
        _ id: Identifier, _ connection: inout Connection
    ) async throws -> Enrollment? {
        try await connection.run(ListEnrollments(id: id, filter: Filter(limit: 1))).first()
    }

    /// To be thrown when there is nothing of that id.
    package static func unknown(_ id: Identifier) -> AdministrationError {
        .refused("there is no enrollment \(id): `countersign enrollment list` shows those that there are")
    }
}

extension Enrollment: RowReadable {
    package init(_ row: inout RowReader) throws {
        id = try row.identifier("enrollment_id")
        app = try row.text("app")
        userID = try row.text("user_id")
        deviceID = try row.text("device_id")
        deviceName = try row.optionalText("device_name")
        platform = try row.optionalText("platform")
        status = try row.text("status")
        reason = try row.optionalText("reason")
        createdAt = try row.timestamp("created_at")
        activatedAt = try row.optionalTimestamp("activated_at")
        revokedAt = try row.optionalTimestamp("revoked_at")
        lockedUntil = try row.optionalTimestamp("locked_until")
        fingerprint = try row.optionalText("key_fingerprint")
        serverFingerprint = try row.optionalText("server_fingerprint")
        isServerKeyShared = try row.optionalBool("is_shared")
    }
}

/// Enrollments, the newest first.
struct ListEnrollments: PreparedStatement {
    var id: Identifier?
    let filter: Enrollment.Filter

    typealias Output = Enrollment

    static let statement = Statement(
        "enrollment.list",
        """
        SELECT e.enrollment_id, a.name AS app, e.user_id, e.device_id, e.device_name, e.platform, e.status, e.reason,
               e.created_at, e.activated_at, e.revoked_at,
               CASE WHEN e.locked_until > clock_timestamp() THEN e.locked_until END AS locked_until,
               e.key_fingerprint, k.fingerprint AS server_fingerprint, k.shared AS is_shared
        FROM countersign.enrollments e JOIN countersign.apps a USING (app_id)
        LEFT JOIN countersign.server_keys k USING (server_key_id)
        WHERE ($1::uuid IS NULL OR e.enrollment_id = $1::uuid) AND ($2::text IS NULL OR a.name = $2::text)
          AND ($3::text IS NULL OR e.user_id = $3::text) AND ($4::text IS NULL OR e.status = $4::text)
        ORDER BY e.enrollment_id DESC LIMIT $5
        """)

    var parameters: [Parameter] {
        [
            Parameter(id), Parameter(filter.app), Parameter(filter.userID), Parameter(filter.status),
            .int(Int64(filter.limit)),
        ]
    }
}
