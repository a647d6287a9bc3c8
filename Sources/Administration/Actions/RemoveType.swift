package import Postgres

/// `countersign type remove`.
package struct RemoveType: OperatorAction {
    package static let command = "type remove"
    package static let abstract = "Remove an authentication type."
    package static let discussion = """
        Requests of that type that are open go on; new ones fail with CS002.

        Example:
          countersign type remove qr-code
        """
    package static let inputs = [ActionInput("type", help: "The type's name.", placeholder: "name")]
    package static let event = "type.removed"
    package static let statements: [any StatementFamily.Type] = [DeleteType.self]

    private let type: String

    package init(_ words: ActionWords) { type = words["type"] }

    package static func button(on subject: ActionSubject) -> ActionButton? {
        guard case .type(let type) = subject else { return nil }
        return ActionButton(
            "Remove", "type \(type.name)", ["type": type.name],
            warning: "New requests of it are refused (CS002). Open ones go on.")
    }

    package func run(_ connection: inout Connection) async throws -> String {
        guard try await connection.run(DeleteType(name: type)).affected > 0 else {
            throw try await NamedThing.type.unknown(type, &connection)
        }
        return "removed authentication type \(type)"
    }
}

struct DeleteType: PreparedStatement {
    let name: String

    static let statement = Statement(
        "action.remove_type", "DELETE FROM countersign.auth_types WHERE name = $1")
    var parameters: [Parameter] { [.text(name)] }
}
