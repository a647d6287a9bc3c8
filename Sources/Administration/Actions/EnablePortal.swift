package import Postgres

/// `countersign portal enable`.
package struct EnablePortal: OperatorAction {
    package static let command = "portal enable"
    package static let abstract = "Let a portal send requests again."
    package static let discussion = "Example:\n  countersign portal enable acme"
    package static let inputs = [Portal.input]
    package static let event = "portal.enabled"
    package static let statements: [any StatementFamily.Type] = [SetColumn.self]

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

extension Portal {
    static func enable(
        _ name: String, _ isEnabled: Bool, _ connection: inout Connection
    ) async throws -> String {
        let change = SetColumn(column: .portalEnabled, name: name, value: .bool(isEnabled))
        return sentence(
            "portal \(name) is \(isEnabled ? "enabled" : "disabled")",
            isChanged: try await change.run(&connection))
    }
}
