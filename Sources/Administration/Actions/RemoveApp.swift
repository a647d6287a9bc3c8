package import Postgres

/// `countersign app remove`.
package struct RemoveApp: OperatorAction {
    package static let command = "app remove"
    package static let abstract = "Remove an app that is disabled and never had a device."
    package static let discussion = """
        Refused while it is enabled, and when it has enrollments, whose keys prove what was answered: such an app \
        stays, disabled. Rejected enrollments go with it, whose number it says before it asks; a script gives --yes. \
        Its login loses the group, and stays: DROP ROLE in psql removes it.

        Examples:
          countersign app disable mobile
          countersign app remove mobile
          countersign app remove mobile --yes
        """
    package static let inputs = [App.input]
    package static let asks = true
    package static let event = "app.removed"
    package static let statements: [any StatementFamily.Type] = [
        FindApp.self, CountAppBelongings.self, DeleteApp.self,
    ]

    private let app: String

    package init(_ words: ActionWords) { app = words["app"] }

    package var needsPassword: Bool { true }

    package static func button(on subject: ActionSubject) -> ActionButton? {
        guard case .app(let app) = subject, !app.isEnabled else { return nil }
        return ActionButton(
            "Remove", "app \(app.name)", ["app": app.name], fields: [.password],
            warning: "Refused when it has enrollments, whose keys prove what was answered.")
    }

    package func warning(_ connection: inout Connection) async throws -> String {
        let count = try await connection.run(CountAppBelongings(appID: try await id(&connection))).one()
        return "app \(app) goes with \(count) rejected \(count == 1 ? "enrollment" : "enrollments")"
    }

    package func run(_ connection: inout Connection) async throws -> String {
        let freed = try await connection.run(DeleteApp(appID: try await id(&connection))).one()
        return "removed app \(app)\n\(freed.sentence)"
    }

    private func id(_ connection: inout Connection) async throws -> Int32 {
        let id = try await connection.run(FindApp(name: app)).first()
        return try await NamedThing.app.found(id, app, &connection)
    }
}

struct FindApp: PreparedStatement {
    let name: String

    static let statement = Statement("app.find", "SELECT app_id FROM countersign.apps WHERE name = $1")
    var parameters: [Parameter] { [.text(name)] }

    static func decode(_ row: inout RowReader) throws -> Int32 { Int32(try row.int("app_id")) }
}

/// Its rejected enrollments.
struct CountAppBelongings: PreparedStatement {
    let appID: Int32

    static let statement = Statement(
        "action.count_app_belongings", "SELECT countersign.app_belongings($1) AS enrollments")
    var parameters: [Parameter] { [.int32(appID)] }

    static func decode(_ row: inout RowReader) throws -> Int { try row.int("enrollments") }
}

struct DeleteApp: PreparedStatement {
    let appID: Int32

    static let statement = Statement(
        "action.remove_app", "SELECT login, is_free FROM countersign.remove_app($1)")
    var parameters: [Parameter] { [.int32(appID)] }

    static func decode(_ row: inout RowReader) throws -> FreedLogin { try FreedLogin(&row) }
}
