package import Countersign
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

    /// Refuses what section 2 of the RFC does: a colon in the user name, control characters in either.
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
        if let portal { _ = try await identifier(ofPortal: portal, &connection) }
        return try await connection.run(listing, [Parameter(portal)]).map {
            Callback(portal: try $0.text(0), url: try $0.text(1), username: try $0.optionalText(2))
        }
    }

    /// `sealer` seals the password; whoever gives credentials gives it, too.
    package static func add(
        portal: String, url: String, _ credentials: (basic: BasicCredentials, sealer: Sealer)? = nil,
        _ connection: inout Connection
    ) async throws {
        guard try await connection.run(checking, [.text(url)])[0].bool(0) else {
            throw AdministrationError.refused(
                "the callback address must be an http or https address of at most 2,048 ASCII characters, "
                    + "without user name, password or fragment")
        }
        try await credentials?.sealer.checkMasterKey(&connection)
        try await connection.transaction { connection in
            let portalID = try await identifier(ofPortal: portal, &connection)
            let id = try await connection.run(numbering)[0].int(0)
            let sealed = try credentials.map {
                try $0.sealer.seal(Array($0.basic.password.utf8), at: SealedColumn.callbackPassword.place(id))
            }
            try await connection.run(
                insertion,
                [
                    .int32(Int32(id)), .int32(Int32(portalID)), .text(url),
                    Parameter(credentials?.basic.username), Parameter(sealed),
                ])
        }
    }

    package static func remove(
        portal: String, url: String, _ connection: inout Connection
    ) async throws {
        _ = try await identifier(ofPortal: portal, &connection)
        guard try await connection.run(removal, [.text(portal), .text(url)]).affected > 0 else {
            throw AdministrationError.refused(
                "portal \(portal) has no such callback address, which must be given exactly: "
                    + "`countersign callback list \(portal)` shows those it has")
        }
    }

    private static func identifier(
        ofPortal name: String, _ connection: inout Connection
    ) async throws -> Int {
        guard let row = try await connection.run(portal, [.text(name)]).first else {
            throw try await NamedThing.portal.unknown(name, &connection)
        }
        return try row.int(0)
    }
}

extension Callback {
    /// $1 address. What a request could not name must not be in the list.
    package static let checking = Statement("callback.check", "SELECT countersign.is_callback_uri($1)")

    /// $1 portal's name.
    package static let portal = Statement(
        "callback.portal", "SELECT portal_id FROM countersign.portals WHERE name = $1")

    /// $1 portal's name or NULL.
    package static let listing = Statement(
        "callback.list",
        """
        SELECT p.name, c.url, c.username
        FROM countersign.callback_urls c JOIN countersign.portals p USING (portal_id)
        WHERE $1::text IS NULL OR p.name = $1 ORDER BY p.name, c.url
        """)

    /// The id comes first: the sealed password is bound to it.
    package static let numbering = Statement(
        "callback.number", "SELECT nextval('countersign.callback_urls_callback_id_seq')::integer")

    /// $1 id, $2 portal's id, $3 address, $4 user name, $5 sealed password.
    package static let insertion = Statement(
        "callback.insert",
        """
        WITH added AS (
            INSERT INTO countersign.callback_urls (callback_id, portal_id, url, username, password)
            VALUES ($1, $2, $3, $4, $5) RETURNING portal_id, url, username
        )
        INSERT INTO countersign.events (portal_id, type, details)
        SELECT portal_id, 'callback.added',
               jsonb_strip_nulls(jsonb_build_object('url', url, 'username', username)) FROM added
        """)

    /// $1 portal's name, $2 address.
    package static let removal = Statement(
        "callback.remove",
        """
        WITH removed AS (
            DELETE FROM countersign.callback_urls c USING countersign.portals p
            WHERE p.name = $1 AND c.portal_id = p.portal_id AND c.url = $2 RETURNING c.portal_id, c.url
        )
        INSERT INTO countersign.events (portal_id, type, details)
        SELECT portal_id, 'callback.removed', jsonb_build_object('url', url) FROM removed
        """)
}

extension String {
    fileprivate var hasControlCharacters: Bool {
        unicodeScalars.contains { $0.properties.generalCategory == .control }
    }
}
