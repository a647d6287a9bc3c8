package import Postgres

/// `countersign callback remove`.
package struct RemoveCallback: OperatorAction {
    package static let command = "callback remove"
    package static let abstract = "Remove a callback address from a portal."
    package static let discussion = """
        Deliveries to it that are waiting are given up as refused, unless callback_allowlist_enabled is off; \
        add it again and `countersign webhook replay` sends them.

        Example:
          countersign callback remove acme https://acme.example/callback
        """
    package static let inputs = [
        Portal.input, ActionInput("url", help: "The address, exactly as it is listed."),
    ]
    package static let event = "callback.removed"
    package static let statements: [any StatementFamily.Type] = [DeleteCallback.self]

    private let portal: String
    private let url: String

    package init(_ words: ActionWords) { (portal, url) = (words["portal"], words["url"]) }

    package static func button(on subject: ActionSubject) -> ActionButton? {
        guard case .callback(let callback) = subject else { return nil }
        return ActionButton(
            "Remove", "\(callback.url) of \(callback.portal)",
            ["portal": callback.portal, "url": callback.url],
            warning: "What waits for it is given up, unless callback_allowlist_enabled is off.")
    }

    package func run(_ connection: inout Connection) async throws -> String {
        let portalID = try await Portal.identifier(of: portal, &connection)
        guard try await connection.run(DeleteCallback(portalID: portalID, url: url)).affected > 0 else {
            throw AdministrationError.refused(
                "portal \(portal) has no such callback address, which must be given exactly: "
                    + "`countersign callback list \(portal)` shows those it has")
        }
        return "removed a callback address from portal \(portal)"
    }
}

struct DeleteCallback: PreparedStatement {
    let portalID: Int32
    let url: String

    static let statement = Statement(
        "action.remove_callback", "DELETE FROM countersign.callback_urls WHERE portal_id = $1 AND url = $2")
    var parameters: [Parameter] { [.int32(portalID), .text(url)] }
}
