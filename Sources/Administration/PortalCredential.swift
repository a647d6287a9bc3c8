import Countersign
package import Postgres

/// A client id with which a portal speaks HTTP. Its secret is shown once and kept as a digest.
package struct PortalCredential: Sendable, Hashable {
    package let portal: String
    package let clientID: String
    package let createdAt: Timestamp

    /// What a journal keeps of what was done to it.
    package static func line(_ verb: String, portal: String, clientID: String) -> String {
        typed("portal credentials \(verb)", [portal, clientID])
    }
}

/// A client id with its secret, which is nowhere else.
package struct NewPortalCredential: Sendable {
    package let clientID: String
    package let secret: String

    package init(clientID: String, secret: String) {
        (self.clientID, self.secret) = (clientID, secret)
    }
}

extension NewPortalCredential: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    package var description: String { "client \(clientID)" }
    package var debugDescription: String { description }
    package var customMirror: Mirror { Mirror(self, children: []) }
}

extension PortalCredential {
    /// So many may stand side by side: the one in use and the next, and some room.
    package static let allowed = 5

    /// - Parameter portal: nil lists those of all portals.
    package static func list(
        portal: String?, _ connection: inout Connection
    ) async throws -> [PortalCredential] {
        if let portal { _ = try await Portal.identifier(of: portal, &connection) }
        return try await connection.run(ListCredentials(portal: portal)).all()
    }

    /// - Parameter clientID: nil makes one of the portal's name and some random digits.
    package static func add(
        portal: String, clientID: String?, _ connection: inout Connection
    ) async throws -> NewPortalCredential {
        let id = try await Portal.identifier(of: portal, &connection)
        let clientID = clientID ?? "\(portal.prefix(50))-\(hexadecimal(randomBytes(4)))"
        let new = NewPortalCredential(clientID: clientID, secret: Login.makePassword())
        let insertion = InsertCredential(
            portalID: id, clientID: clientID, secretHash: SecretDigest(of: new.secret).text)
        guard try await connection.run(insertion).affected > 0 else {
            throw AdministrationError.refused(
                "portal \(portal) has \(allowed) client ids already: remove one that is no longer used first")
        }
        return new
    }

    /// Gives a client id a new secret. The old one ceases to be accepted within seconds.
    package static func rotate(
        portal: String, clientID: String, _ connection: inout Connection
    ) async throws -> NewPortalCredential {
        let id = try await Portal.identifier(of: portal, &connection)
        let new = NewPortalCredential(clientID: clientID, secret: Login.makePassword())
        let rotation = ReplaceCredential(
            portalID: id, clientID: clientID, secretHash: SecretDigest(of: new.secret).text)
        guard try await connection.run(rotation).affected > 0 else { throw unknown(clientID, portal) }
        return new
    }

    package static func remove(
        portal: String, clientID: String, _ connection: inout Connection
    ) async throws {
        let id = try await Portal.identifier(of: portal, &connection)
        let removal = RemoveCredential(portalID: id, clientID: clientID)
        guard try await connection.run(removal).affected > 0 else { throw unknown(clientID, portal) }
    }

    private static func unknown(_ clientID: String, _ portal: String) -> AdministrationError {
        .refused(
            "portal \(portal) has no client id \(clientID): "
                + "`countersign portal credentials list \(portal)` shows those it has")
    }
}

/// Inserts nothing when the portal has as many as are allowed.
struct InsertCredential: PreparedStatement {
    let portalID: Int32
    let clientID: String
    let secretHash: String

    static let statement = Statement(
        "credential.insert",
        """
        INSERT INTO countersign.portal_credentials (portal_id, client_id, secret_hash)
        SELECT $1, $2, $3
        WHERE (SELECT count(*) FROM countersign.portal_credentials c WHERE c.portal_id = $1) < $4
        """)
    var parameters: [Parameter] {
        [.int32(portalID), .text(clientID), .text(secretHash), .int(Int64(PortalCredential.allowed))]
    }
}

struct ReplaceCredential: PreparedStatement {
    let portalID: Int32
    let clientID: String
    let secretHash: String

    static let statement = Statement(
        "credential.rotate",
        "UPDATE countersign.portal_credentials SET secret_hash = $3 WHERE portal_id = $1 AND client_id = $2")
    var parameters: [Parameter] { [.int32(portalID), .text(clientID), .text(secretHash)] }
}

struct RemoveCredential: PreparedStatement {
    let portalID: Int32
    let clientID: String

    static let statement = Statement(
        "credential.remove",
        "DELETE FROM countersign.portal_credentials WHERE portal_id = $1 AND client_id = $2")
    var parameters: [Parameter] { [.int32(portalID), .text(clientID)] }
}

struct ListCredentials: PreparedStatement {
    /// Its name; nil lists those of all.
    let portal: String?

    static let statement = Statement(
        "credential.list",
        """
        SELECT p.name AS portal, c.client_id, c.created_at
        FROM countersign.portal_credentials c JOIN countersign.portals p USING (portal_id)
        WHERE $1::text IS NULL OR p.name = $1 ORDER BY p.name, c.created_at, c.client_id
        """)

    var parameters: [Parameter] { [Parameter(portal)] }

    static func decode(_ row: inout RowReader) throws -> PortalCredential {
        PortalCredential(
            portal: try row.text("portal"), clientID: try row.text("client_id"),
            createdAt: try row.timestamp("created_at"))
    }
}
