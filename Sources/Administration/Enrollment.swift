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
    /// While it waits for an older device to confirm it.
    package let heldUntil: Timestamp?
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
        package var deviceID: String?
        package var status: String?
        /// Only older ones than this: where the page before has ended.
        package var before: Identifier?
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

    /// A page of them. By user, device and app an index leads to them; of the others it looks at so many and says how far it
    /// came.
    package static func page(
        _ filter: Filter, _ connection: inout Connection
    ) async throws -> ListPage<Enrollment> {
        var filter = filter
        filter.limit = listPageSize + 1
        let listing = ListEnrollments(filter: filter, reach: listReach)
        return try await ListPage(try await connection.run(listing).all(), id: { $0.id }) {
            try await connection.run(FindEnrollmentReach(filter: filter)).first()
        }
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
        heldUntil = try row.optionalTimestamp("held_until")
        fingerprint = try row.optionalText("key_fingerprint")
        serverFingerprint = try row.optionalText("server_fingerprint")
        isServerKeyShared = try row.optionalBool("is_shared")
    }
}
