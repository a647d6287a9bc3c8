package import Countersign
import FoundationEssentials
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
        let secret = randomBytes(32)
        return try await connection.transaction { connection in
            try await NamedThing.portal.refuseTaken(draft.name, &connection)
            try await refuseLookalike(draft.displayName ?? draft.name, &connection)
            let login = try await Login.create(
                draft.login, in: .portal, withPassword: draft.withPassword, &connection)
            let id = try await connection.run(numbering)[0].int(0)
            let sealed = try sealer.seal(secret, at: SealedColumn.signingSecret.place(id))
            try await connection.run(
                insertion,
                [
                    .int32(Int32(id)), .text(draft.name), .text(draft.displayName ?? draft.name),
                    .text(login.name), .bytes(sealed),
                ])
            let text = "whsec_" + Data(secret).base64EncodedString()
            return AddedPortal(id: id, name: draft.name, login: login, signingSecret: text)
        }
    }

    /// What users read on their phone must not be taken for another portal's.
    private static func refuseLookalike(_ name: String, _ connection: inout Connection) async throws {
        if let fault = ShownName.fault(in: name) {
            throw AdministrationError.refused("the display name \(fault)")
        }
        let skeleton = ShownName.skeleton(of: name)
        let others = try await list(&connection).filter { ShownName.skeleton(of: $0.displayName) == skeleton }
        guard let other = others.first else { return }
        throw AdministrationError.refused("the display name looks like that of portal \(other.name)")
    }

    /// The id comes first: the sealed secret is bound to it.
    package static let numbering = Statement(
        "portal.number", "SELECT nextval('countersign.portals_portal_id_seq')::integer")

    /// $1 id, $2 name, $3 display name, $4 login, $5 sealed secret.
    package static let insertion = Statement(
        "portal.insert",
        """
        INSERT INTO countersign.portals (portal_id, name, display_name, login, signing_secret)
        VALUES ($1, $2, $3, $4, $5)
        """)
}
