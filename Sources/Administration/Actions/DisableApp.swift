package import Postgres

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
