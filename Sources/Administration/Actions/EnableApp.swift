package import Postgres

/// `countersign app enable`.
package struct EnableApp: OperatorAction {
    package static let command = "app enable"
    package static let abstract = "Let an app enroll and answer again."
    package static let discussion = "Example:\n  countersign app enable mobile"
    package static let inputs = [App.input]
    package static let event = "app.enabled"
    package static let statements: [any StatementFamily.Type] = [SetColumn.self]

    private let app: String

    package init(_ words: ActionWords) { app = words["app"] }

    /// It vouches for who its users are.
    package var needsPassword: Bool { true }

    package static func button(on subject: ActionSubject) -> ActionButton? {
        guard case .app(let app) = subject, !app.isEnabled else { return nil }
        return ActionButton("Enable", "app \(app.name)", ["app": app.name], fields: [.password])
    }

    package func run(_ connection: inout Connection) async throws -> String {
        try await App.enable(app, true, &connection)
    }
}

extension App {
    static let input = ActionInput("app", help: "The app's name.", placeholder: "name")

    static func enable(
        _ name: String, _ isEnabled: Bool, _ connection: inout Connection
    ) async throws -> String {
        let change = SetColumn(column: .appEnabled, name: name, value: .bool(isEnabled))
        return sentence(
            "app \(name) is \(isEnabled ? "enabled" : "disabled")",
            isChanged: try await change.run(&connection))
    }
}
