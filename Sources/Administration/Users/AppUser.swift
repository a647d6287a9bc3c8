package import Postgres

/// All that there is of one user of an app.
package struct AppUser: Sendable {
    /// How many events are read at most.
    package static let mostEvents = 100_000

    package let app: String
    package let user: String
    package let devices: [Enrollment]
    /// Of the last 30 days, the newest first.
    package let requests: [Request]
    /// Of the last 400 days, the newest first: answers, refusals, locks, and what happened to devices.
    package let events: [AuditEvent]

    /// With which the user has signed in, the last used first.
    package let browsers: [Browser]

    /// One that a portal has named.
    package struct Browser: Sendable, RowReadable {
        package let portal: String?
        package let usedAt: Timestamp

        package init(_ row: inout RowReader) throws {
            portal = try row.optionalText("portal")
            usedAt = try row.timestamp("used_at")
        }
    }

    /// A sign-in that the user answered.
    package struct Request: Sendable, RowReadable {
        package let id: Identifier
        package let portal: String?
        package let type: String
        package let status: String
        package let requestedAt: Timestamp
        package let resolvedAt: Timestamp?
        package let message: String
        package let reference: String?
        package let deviceID: String?

        package init(_ row: inout RowReader) throws {
            id = try row.identifier("transaction_id")
            portal = try row.optionalText("portal")
            type = try row.text("auth_type")
            status = try row.text("status")
            requestedAt = try row.timestamp("requested_at")
            resolvedAt = try row.optionalTimestamp("resolved_at")
            message = try row.text("message")
            reference = try row.optionalText("reference")
            deviceID = try row.optionalText("device_id")
        }
    }

    /// Fails when there is no such app, or nothing of such a user.
    ///
    /// - Parameter most: how many devices and events are read, the newest.
    package static func read(
        _ user: String, of app: String, most: Int = mostEvents, _ connection: inout Connection
    ) async throws -> AppUser {
        let id = try await connection.run(FindApp(name: app)).first()
        _ = try await NamedThing.app.found(id, app, &connection)
        let devices = try await Enrollment.list(
            Enrollment.Filter(app: app, userID: user, limit: most), &connection)
        let filter = AuditEvent.Filter(userID: user, limit: most)
        let events = try await AuditEvent.find(filter, showsUsers: true, &connection).filter { $0.app == app }
        guard !devices.isEmpty || !events.isEmpty else {
            throw AdministrationError.refused("there is nothing of user \(user) in app \(app)")
        }
        let ids = Set(events.compactMap(\.transactionID)).sorted { $0.description > $1.description }
        let requests = try await connection.run(ListUserRequests(ids: ids, app: app, user: user)).all()
        let browsers = try await connection.run(ListUserBrowsers(app: app, user: user)).all()
        return AppUser(
            app: app, user: user, devices: devices, requests: requests, events: events, browsers: browsers)
    }

    /// Of events of that type.
    package func count(_ type: String) -> Int { events.count { $0.type == type } }

    /// Until when too many wrong codes lock a device that is active.
    package var lockedUntil: Timestamp? { devices.compactMap(\.lockedUntil).max() }
}

/// Those of the requests that this user has answered. Another app may have one of that name.
struct ListUserRequests: PreparedStatement {
    let ids: [Identifier]
    let app: String
    let user: String

    typealias Output = AppUser.Request

    static let statement = Statement(
        "user.requests",
        """
        SELECT r.transaction_id, p.name AS portal, r.auth_type, r.status::text AS status, r.requested_at, r.resolved_at,
               r.message, r.reference, r.device_id
        FROM countersign.auth_requests r JOIN countersign.apps a USING (app_id)
        LEFT JOIN countersign.portals p USING (portal_id)
        WHERE r.transaction_id = ANY ($1::uuid[]) AND a.name = $2 AND r.user_id = $3 ORDER BY r.transaction_id DESC
        """)
    var parameters: [Parameter] { [.identifiers(ids), .text(app), .text(user)] }
}

struct ListUserBrowsers: PreparedStatement {
    let app: String
    let user: String

    typealias Output = AppUser.Browser

    static let statement = Statement(
        "user.browsers",
        """
        SELECT p.name AS portal, k.used_at
        FROM countersign.known_browsers k JOIN countersign.apps a USING (app_id)
        LEFT JOIN countersign.portals p USING (portal_id)
        WHERE a.name = $1 AND k.user_id = $2 ORDER BY k.used_at DESC
        """)
    var parameters: [Parameter] { [.text(app), .text(user)] }
}
