package import Postgres

/// `countersign origin add`.
package struct AddOrigin: OperatorAction {
    package static let command = "origin add"
    package static let abstract = "Let pages of an origin show a portal's sign-ins."
    package static let discussion = """
        From then on the portal's starts over HTTP answer with a browser token, with which a page of that origin \
        gets the code and sees how the sign-in stands, never who signs in. An origin is a scheme, a host and a \
        port, without a path. Within 3 seconds every gateway knows of it.

        Example:
          countersign origin add acme https://acme.example
        """
    package static let inputs = [
        Portal.input, ActionInput("origin", help: "The origin, as https://acme.example."),
    ]
    package static let event = "origin.added"
    package static let statements: [any StatementFamily.Type] = [InsertOrigin.self]

    private let portal: String
    private let origin: String

    package init(_ words: ActionWords) { (portal, origin) = (words["portal"], words["origin"]) }

    /// Pages of that origin may ask from then on, which might not before.
    package var needsPassword: Bool { true }

    package static func button(on subject: ActionSubject) -> ActionButton? {
        guard case .origins(let portals) = subject, !portals.isEmpty else { return nil }
        return ActionButton(
            "Add", "origin",
            fields: [
                .init(name: "portal", caption: "Portal", kind: .choice(portals)),
                .init(name: "origin", caption: "Origin", hint: "https://acme.example", size: 28),
                .password,
            ])
    }

    package func run(_ connection: inout Connection) async throws -> String {
        let portalID = try await Portal.identifier(of: portal, &connection)
        try await connection.run(InsertOrigin(portalID: portalID, origin: origin))
        return "pages of \(origin) may show sign-ins of portal \(portal)"
    }
}

/// `countersign origin remove`.
package struct RemoveOrigin: OperatorAction {
    package static let command = "origin remove"
    package static let abstract = "No longer let pages of an origin show a portal's sign-ins."
    package static let discussion = """
        Within 3 seconds no page of it gets an answer; one that is being told goes on until its code ends. With the \
        last one the portal's starts answer without a browser token again.

        Example:
          countersign origin remove acme https://acme.example
        """
    package static let inputs = [
        Portal.input, ActionInput("origin", help: "The origin, exactly as it is listed."),
    ]
    package static let event = "origin.removed"
    package static let statements: [any StatementFamily.Type] = [DeleteOrigin.self]

    private let portal: String
    private let origin: String

    package init(_ words: ActionWords) { (portal, origin) = (words["portal"], words["origin"]) }

    package static func button(on subject: ActionSubject) -> ActionButton? {
        guard case .origin(let origin) = subject else { return nil }
        return ActionButton(
            "Remove", "\(origin.origin) of \(origin.portal)",
            ["portal": origin.portal, "origin": origin.origin],
            warning: "Pages of it show no sign-ins any more.")
    }

    package func run(_ connection: inout Connection) async throws -> String {
        let portalID = try await Portal.identifier(of: portal, &connection)
        guard try await connection.run(DeleteOrigin(portalID: portalID, origin: origin)).affected > 0 else {
            throw AdministrationError.refused(
                "portal \(portal) has no such origin, which must be given exactly: "
                    + "`countersign origin list \(portal)` shows those it has")
        }
        return "pages of \(origin) show no sign-ins of portal \(portal) any more"
    }
}

struct InsertOrigin: PreparedStatement {
    let portalID: Int32
    let origin: String

    static let statement = Statement(
        "action.add_origin", "INSERT INTO countersign.browser_origins (portal_id, origin) VALUES ($1, $2)")
    var parameters: [Parameter] { [.int32(portalID), .text(origin)] }
}

struct DeleteOrigin: PreparedStatement {
    let portalID: Int32
    let origin: String

    static let statement = Statement(
        "action.remove_origin", "DELETE FROM countersign.browser_origins WHERE portal_id = $1 AND origin = $2"
    )
    var parameters: [Parameter] { [.int32(portalID), .text(origin)] }
}
