package import Countersign
package import Postgres

/// A web site that wants its visitors signed in.
package struct Portal: Sendable, Hashable {
    package let id: Int
    package let name: String
    /// What users read in the prompt.
    package let displayName: String
    package let login: String
    package let isEnabled: Bool
    /// Its requests are accepted and wait; see `PausePortal`.
    package let pause: Pause?
    /// It has more than `maxOpenRequests` open requests, and gets no new ones for now.
    package let isOverLimit: Bool
    package let maxOpenRequests: Int
    /// Requests that one address or network may start within a minute.
    package let maxStartsPerSource: Int?
    package let createdAt: Timestamp
    /// The ends of its requests whose webhooks are sent; see `SetPortal`.
    package let notifyOn: [String]

    package var isPaused: Bool { pause != nil }

    /// The same as `portal set` takes them.
    package var notifiedEnds: String { "\(NotifiedEnds(stored: notifyOn))" }
}

extension Portal {
    package static func list(_ connection: inout Connection) async throws -> [Portal] {
        try await connection.run(ListPortals()).all()
    }

    /// Throws when there is no portal of that name.
    static func identifier(of name: String, _ connection: inout Connection) async throws -> Int32 {
        let id = try await connection.run(FindPortal(name: name)).first()
        return try await NamedThing.portal.found(id, name, &connection)
    }
}

extension Portal: RowReadable {
    package init(_ row: inout RowReader) throws {
        id = try row.int("portal_id")
        name = try row.text("name")
        displayName = try row.text("display_name")
        login = try row.text("login")
        isEnabled = try row.bool("enabled")
        isOverLimit = try row.bool("over_limit")
        maxOpenRequests = try row.int("max_open_requests")
        maxStartsPerSource = try row.optionalInt("max_starts_per_source")
        createdAt = try row.timestamp("created_at")
        pause = try Pause.read(&row)
        notifyOn = try row.texts("notify_on")
    }
}

/// The id of the portal of that name.
struct FindPortal: PreparedStatement {
    let name: String

    static let statement = Statement(
        "portal.find", "SELECT portal_id FROM countersign.portals WHERE name = $1")
    var parameters: [Parameter] { [.text(name)] }

    static func decode(_ row: inout RowReader) throws -> Int32 { Int32(try row.int("portal_id")) }
}

package struct ListPortals: PreparedStatement {
    package typealias Output = Portal

    package init() {}

    package static let statement = Statement(
        "portal.list",
        """
        SELECT portal_id, name, display_name, login, enabled, over_limit, max_open_requests,
               max_starts_per_source, created_at, paused, paused_at, paused_by, notify_on
        FROM countersign.portals ORDER BY name
        """)
}
