package import Postgres

/// `countersign portal pause`.
package struct PausePortal: OperatorAction {
    package static let command = "portal pause"
    package static let abstract = "Accept a portal's requests, and let them and its webhooks wait."
    package static let discussion = """
        No codes are issued and no webhooks sent for it until `portal resume`. Nothing is lost, but time goes \
        on: a request that waits past its end expires.

        Example:
          countersign portal pause acme
        """
    package static let inputs = [Portal.input]
    package static let event = "portal.paused"
    package static let role = ConsoleRole.operator
    package static let statements: [any StatementFamily.Type] = [SetColumn.self]

    private let portal: String

    package init(_ words: ActionWords) { portal = words["portal"] }

    package static func button(on subject: ActionSubject) -> ActionButton? {
        guard case .portal(let portal) = subject, !portal.isPaused else { return nil }
        return ActionButton("Pause", "portal \(portal.name)", ["portal": portal.name])
    }

    package func run(_ connection: inout Connection) async throws -> String {
        try await Portal.pause(portal, true, &connection)
    }
}

extension Portal {
    /// Of actions that are about one.
    static let input = ActionInput("portal", help: "The portal's name.", placeholder: "name")

    static func pause(
        _ name: String, _ isPaused: Bool, _ connection: inout Connection
    ) async throws -> String {
        let change = SetColumn(column: .portalPaused, name: name, value: .bool(isPaused))
        return sentence(
            "portal \(name) is \(isPaused ? "paused" : "running")",
            isChanged: try await change.run(&connection))
    }
}
