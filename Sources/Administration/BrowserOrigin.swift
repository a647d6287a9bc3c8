package import Postgres

/// Where a portal's pages are, from which browsers may ask for the state of its sign-ins.
package struct BrowserOrigin: Sendable, Hashable {
    /// Its name.
    package let portal: String
    /// Scheme, host and port, as the header `Origin` has it (RFC 6454 section 6.2).
    package let origin: String

    /// All, or those of one portal.
    package static func list(
        portal: String? = nil, _ connection: inout Connection
    ) async throws -> [BrowserOrigin] {
        if let portal { _ = try await Portal.identifier(of: portal, &connection) }
        return try await connection.run(ListOrigins(portal: portal)).all()
    }
}

struct ListOrigins: PreparedStatement {
    /// Its name; nil lists those of all.
    let portal: String?

    static let statement = Statement(
        "origin.list",
        """
        SELECT p.name AS portal, o.origin
        FROM countersign.browser_origins o JOIN countersign.portals p USING (portal_id)
        WHERE $1::text IS NULL OR p.name = $1 ORDER BY p.name, o.origin
        """)

    var parameters: [Parameter] { [Parameter(portal)] }

    static func decode(_ row: inout RowReader) throws -> BrowserOrigin {
        BrowserOrigin(portal: try row.text("portal"), origin: try row.text("origin"))
    }
}
