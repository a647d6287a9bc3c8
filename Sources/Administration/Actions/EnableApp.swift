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

/// `countersign app disable`.
package struct DisableApp: OperatorAction {
    package static let command = "app disable"
    package static let abstract = "Refuse an app's enrollments and submissions."
    package static let discussion = """
        Its enrollments fail with CS008 and its submissions are rejected until it is enabled again. Nothing \
        of it is deleted.

        Example:
          countersign app disable mobile
        """
    package static let inputs = [App.input]
    package static let event = "app.disabled"
    package static let statements: [any StatementFamily.Type] = [SetColumn.self]

    private let app: String

    package init(_ words: ActionWords) { app = words["app"] }

    package static func button(on subject: ActionSubject) -> ActionButton? {
        guard case .app(let app) = subject, app.isEnabled else { return nil }
        return ActionButton(
            "Disable", "app \(app.name)", ["app": app.name],
            warning: "Its enrollments fail (CS008) and its answers are rejected, until it is enabled.")
    }

    package func run(_ connection: inout Connection) async throws -> String {
        try await App.enable(app, false, &connection)
    }
}

extension App {
    static let input = ActionInput("app", help: "The app's name.", placeholder: "name")

    fileprivate static func enable(
        _ name: String, _ isEnabled: Bool, _ connection: inout Connection
    ) async throws -> String {
        let change = SetColumn(column: .appEnabled, name: name, value: .bool(isEnabled))
        return sentence(
            "app \(name) is \(isEnabled ? "enabled" : "disabled")",
            isChanged: try await change.run(&connection))
    }
}
