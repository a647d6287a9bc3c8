package import Postgres

/// `countersign portal resume`.
package struct ResumePortal: OperatorAction {
    package static let command = "portal resume"
    package static let abstract = "Let a paused portal go on."
    package static let discussion = "Example:\n  countersign portal resume acme"
    package static let inputs = [Portal.input]
    package static let event = "portal.resumed"
    package static let role = ConsoleRole.operator
    package static let statements: [any StatementFamily.Type] = [SetColumn.self]

    private let portal: String

    package init(_ words: ActionWords) { portal = words["portal"] }

    package static func button(on subject: ActionSubject) -> ActionButton? {
        guard case .portal(let portal) = subject, portal.isPaused else { return nil }
        return ActionButton("Resume", "portal \(portal.name)", ["portal": portal.name])
    }

    package func run(_ connection: inout Connection) async throws -> String {
        try await Portal.pause(portal, false, &connection)
    }
}
