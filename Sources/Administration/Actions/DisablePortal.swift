package import Postgres

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
    package static let statements: [any StatementFamily.Type] = [SetColumn.self]

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
