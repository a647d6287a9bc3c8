package import Postgres

/// `countersign operator set`.
package struct SetOperator: OperatorAction {
    package static let command = "operator set"
    package static let abstract = "Change what an account may do."
    package static let discussion = """
        At once, also in its open sessions. Without --portal a viewer sees all portals.

        Examples:
          countersign operator set alice --role operator
          countersign operator set acme-desk --role viewer --portal acme
        """
    package static let inputs =
        [ActionInput("operator", help: "The operator's name.", placeholder: "name")] + powers
    package static let event = "operator.changed"
    package static let statements: [any StatementFamily.Type] = [WritePowers.self]

    static let powers = [
        ActionInput(
            "role", .option, help: "viewer, operator or admin. Default: viewer.",
            words: ConsoleRole.allCases.map(\.rawValue)),
        ActionInput(
            "portal", .option, help: "Of a viewer who sees only what is that portal's.", placeholder: "name"),
    ]

    static func fields(_ role: ConsoleRole, portal: String?) -> [ActionButton.Field] {
        [
            .init(
                name: "role", caption: "Role", value: role.rawValue,
                kind: .choice(ConsoleRole.allCases.map(\.rawValue))),
            .init(
                name: "portal", caption: "Only portal (viewers)", value: portal ?? "", hint: "all portals",
                size: 16),
        ]
    }

    private let name: String
    private let role: ConsoleRole
    private let portal: String?

    package init(_ words: ActionWords) throws(UnreadableInput) {
        name = words["operator"]
        role = try ConsoleRole(typed: words.optional("role") ?? "viewer")
        portal = words.optional("portal")
    }

    package var needsPassword: Bool { true }

    package static func button(on subject: ActionSubject) -> ActionButton? {
        guard case .account(let account) = subject else { return nil }
        return ActionButton(
            "Change", "account \(account.name)", ["operator": account.name],
            fields: fields(account.role, portal: account.portal) + [.password], title: "Change")
    }

    package func run(_ connection: inout Connection) async throws -> String {
        guard let account = try await ConsoleAccount.find(name, &connection) else {
            throw AdministrationError.refused("there is no operator \(name)")
        }
        let portalID = try await ConsoleAccount.boundTo(portal, role, &connection)
        let change = WritePowers(name: name, role: role, portalID: portalID)
        let isChanged = try await connection.run(change).affected > 0
        let reach =
            portal.map { " of portal \($0)" }
            ?? account.portal.map { " of all portals, no longer of \($0) alone" }
        return sentence(
            "operator \(name) is \(role == .viewer ? "a viewer" : role == .admin ? "an admin" : "an operator")"
                + (reach ?? ""), isChanged: isChanged)
    }
}

/// Writes nothing that is so already.
struct WritePowers: PreparedStatement {
    let name: String
    let role: ConsoleRole
    let portalID: Int32?

    static let statement = Statement(
        "action.set_operator",
        """
        UPDATE countersign.operators SET role = $2, portal_id = $3
        WHERE name = $1 AND (role, portal_id) IS DISTINCT FROM ($2::text, $3::integer)
        """)
    var parameters: [Parameter] {
        [.text(name), .text(role.rawValue), portalID.map { .int32($0) } ?? .null]
    }
}
