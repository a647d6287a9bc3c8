package import Postgres

/// `countersign portal enable`.
package struct EnablePortal: OperatorAction {
    package static let command = "portal enable"
    package static let abstract = "Let a portal send requests again."
    package static let discussion = "Example:\n  countersign portal enable acme"
    package static let inputs = [Portal.input]
    package static let event = "portal.enabled"
    package static let statements = [Portal.enabling]

    private let portal: String

    package init(_ words: ActionWords) { portal = words["portal"] }

    package static func button(on subject: ActionSubject) -> ActionButton? {
        guard case .portal(let portal) = subject, !portal.isEnabled else { return nil }
        return ActionButton("Enable", "portal \(portal.name)", ["portal": portal.name])
    }

    package func run(_ connection: inout Connection) async throws -> String {
        try await Portal.enable(portal, true, &connection)
    }
}

/// `countersign portal disable`.
package struct DisablePortal: OperatorAction {
    package static let command = "portal disable"
    package static let abstract = "Refuse a portal's new requests."
    package static let discussion = """
        Its INSERTs fail with CS008 until it is enabled again. Nothing of it is deleted, and its webhooks wait.

        Example:
          countersign portal disable acme
        """
    package static let inputs = [Portal.input]
    package static let event = "portal.disabled"
    package static let statements: [Statement] = []

    private let portal: String

    package init(_ words: ActionWords) { portal = words["portal"] }

    package static func button(on subject: ActionSubject) -> ActionButton? {
        guard case .portal(let portal) = subject, portal.isEnabled else { return nil }
        return ActionButton(
            "Disable", "portal \(portal.name)", ["portal": portal.name],
            warning: "Its new requests are refused (CS008) and its webhooks wait, until it is enabled.")
    }

    package func run(_ connection: inout Connection) async throws -> String {
        try await Portal.enable(portal, false, &connection)
    }
}

extension Portal {
    fileprivate static func enable(
        _ name: String, _ isEnabled: Bool, _ connection: inout Connection
    ) async throws -> String {
        let rows = try await connection.run(enabling, [.text(name), .bool(isEnabled)])
        guard let row = rows.first else { throw try await NamedThing.portal.unknown(name, &connection) }
        return sentence("portal \(name) is \(isEnabled ? "enabled" : "disabled")", isChanged: try row.bool(0))
    }

    /// $1 name, $2 wanted. A row when there is such a portal: whether it was not so already.
    fileprivate static let enabling = Statement(
        "action.enable_portal",
        """
        WITH changed AS (
            UPDATE countersign.portals SET enabled = $2::boolean WHERE name = $1 AND enabled <> $2::boolean
            RETURNING portal_id
        )
        SELECT EXISTS (SELECT FROM changed) FROM countersign.portals WHERE name = $1
        """)
}
