package import Postgres

/// An address that a portal may name as `callback_uri`.
package struct Callback: Sendable, Hashable {
    package let portal: String
    package let url: String
    /// With it, deliveries carry Basic authentication.
    package let username: String?
}

/// User name and password for Basic authentication (RFC 7617).
package struct BasicCredentials: Sendable {
    package let username: String
    package let password: String

    /// In bytes. Servers commonly refuse headers beyond 8 KiB: what a receiver could never take is refused here.
    static let longestUsername = 255
    static let longestPassword = 1_024

    /// Refuses what section 2 of the RFC does: a colon in the user name, control characters in either; and what is too long.
    package init(username: String, password: String) throws(AdministrationError) {
        guard !username.isEmpty, !username.utf8.contains(UInt8(ascii: ":")), !username.hasControlCharacters
        else {
            throw .refused(
                "a user name for Basic authentication must not be empty nor hold a colon or a "
                    + "control character")
        }
        guard !password.isEmpty, !password.hasControlCharacters else {
            throw .refused(
                "a password for Basic authentication must not be empty nor hold a control character")
        }
        guard username.utf8.count <= Self.longestUsername else {
            throw .refused(
                "a user name for Basic authentication has at most \(Self.longestUsername) bytes, not "
                    + "\(username.utf8.count)")
        }
        guard password.utf8.count <= Self.longestPassword else {
            throw .refused(
                "a password for Basic authentication has at most \(Self.longestPassword) bytes, not "
                    + "\(password.utf8.count)")
        }
        (self.username, self.password) = (username, password)
    }
}

extension BasicCredentials: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    package var description: String { "credentials (redacted)" }
    package var debugDescription: String { description }
    package var customMirror: Mirror { Mirror(self, children: []) }
}

extension Callback {
    /// All, or those of one portal.
    package static func list(
        portal: String? = nil, _ connection: inout Connection
    ) async throws -> [Callback] {
        if let portal { _ = try await Portal.identifier(of: portal, &connection) }
        return try await connection.run(ListCallbacks(portal: portal)).all()
    }
}

struct ListCallbacks: PreparedStatement {
    /// Its name; nil lists those of all.
    let portal: String?

    static let statement = Statement(
        "callback.list",
        """
        SELECT p.name AS portal, c.url, c.username
        FROM countersign.callback_urls c JOIN countersign.portals p USING (portal_id)
        WHERE $1::text IS NULL OR p.name = $1 ORDER BY p.name, c.url
        """)

    var parameters: [Parameter] { [Parameter(portal)] }

    static func decode(_ row: inout RowReader) throws -> Callback {
        Callback(
            portal: try row.text("portal"), url: try row.text("url"),
            username: try row.optionalText("username"))
    }
}

extension String {
    fileprivate var hasControlCharacters: Bool {
        unicodeScalars.contains { $0.properties.generalCategory == .control }
    }
}
