package import Countersign
package import Postgres

/// A portal just added, with what is shown once.
package struct AddedPortal: Sendable {
    package let id: Int
    package let name: String
    package let login: Login
    /// `whsec_` and base64, as Standard Webhooks 1.0.0 writes it. Stored sealed only.
    package let signingSecret: String
}

extension AddedPortal: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    package var description: String { "portal \(name)" }
    package var debugDescription: String { description }
    package var customMirror: Mirror { Mirror(self, children: []) }
}

extension Portal {
    /// What is needed to add a portal.
    package struct Draft: Sendable {
        package var name: String
        /// The name unless it is given.
        package var displayName: String?
        package var login: String
        /// Whether a login that must be created gets a generated password.
        package var withPassword = true
        /// Of such a login instead of a generated one.
        var password: String?
        /// What signs its webhooks instead of a generated one.
        var secret: [UInt8]?
        /// How many connections a login that must be created may have at a time.
        package var connections = Login.defaultConnections

        package init(name: String, login: String) {
            (self.name, self.login) = (name, login)
        }
    }

    /// Adds a portal, its login and its signing secret, all or nothing. The sealer's key is compared with what
    /// the database holds first: a secret sealed with a wrong key would be lost.
    package static func add(
        _ draft: Draft, _ sealer: Sealer, _ connection: inout Connection
    ) async throws -> AddedPortal {
        try await sealer.checkMasterKey(&connection)
        let secret = draft.secret ?? randomBytes(32)
        return try await connection.atomically { connection in
            try await NamedThing.portal.refuseTaken(draft.name, &connection)
            try await refuseLookalike(draft.displayName ?? draft.name, &connection)
            let login = try await Login.create(
                draft.login, in: .portal, withPassword: draft.withPassword, password: draft.password,
                connections: draft.connections, &connection)
            let id = try await connection.run(NumberPortal()).one()
            let sealed = try sealer.seal(secret, at: SealedColumn.signingSecret.place(id))
            try await connection.run(
                InsertPortal(id: Int32(id), draft: draft, login: login.name, sealedSecret: sealed))
            return AddedPortal(
                id: id, name: draft.name, login: login, signingSecret: secretText(secret))
        }
    }
}

extension Portal {
    /// What users read on their phone must not be taken for another portal's.
    private static func refuseLookalike(
        _ name: String, of portal: String? = nil, _ connection: inout Connection
    ) async throws {
        if let fault = ShownName.fault(in: name) {
            throw AdministrationError.refused("the display name \(fault)")
        }
        let skeleton = ShownName.skeleton(of: name)
        let others = try await list(&connection).filter {
            $0.name != portal && ShownName.skeleton(of: $0.displayName) == skeleton
        }
        guard let other = others.first else { return }
        throw AdministrationError.refused("the display name looks like that of portal \(other.name)")
    }

    /// Part of a transaction.
    static func rename(
        _ name: String, displayName: String, _ connection: inout Connection
    ) async throws {
        try await refuseLookalike(displayName, of: name, &connection)
        let change = SetColumn(column: .portalDisplayName, name: name, value: .text(displayName))
        _ = try await change.run(&connection)
    }
}

/// The id comes first: the sealed secret is bound to it.
struct NumberPortal: PreparedStatement {
    static let statement = Statement(
        "portal.number", "SELECT nextval('countersign.portals_portal_id_seq')::integer AS portal_id")

    static func decode(_ row: inout RowReader) throws -> Int { try row.int("portal_id") }
}

struct InsertPortal: PreparedStatement {
    let id: Int32
    let draft: Portal.Draft
    let login: String
    let sealedSecret: [UInt8]

    static let statement = Statement(
        "portal.insert",
        """
        INSERT INTO countersign.portals (portal_id, name, display_name, login, signing_secret)
        VALUES ($1, $2, $3, $4, $5)
        """)
    var parameters: [Parameter] {
        [
            .int32(id), .text(draft.name), .text(draft.displayName ?? draft.name), .text(login),
            .bytes(sealedSecret),
        ]
    }
}
