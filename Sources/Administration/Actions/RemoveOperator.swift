package import Postgres

/// `countersign operator remove`.
package struct RemoveOperator: OperatorAction {
    package static let command = "operator remove"
    package static let abstract = "Remove an account; its sessions end at once."
    package static let discussion = "Example:\n  countersign operator remove alice"
    package static let inputs = [ActionInput("operator", help: "The operator's name.", placeholder: "name")]
    package static let event = "operator.removed"
    package static let statements = [removal]

    private let name: String

    package var needsPassword: Bool { true }

    package init(_ words: ActionWords) { name = words["operator"] }

    package static func button(on subject: ActionSubject) -> ActionButton? {
        guard case .account(let account) = subject else { return nil }
        return ActionButton(
            "Remove", "account \(account.name)", ["operator": account.name], fields: [.password],
            warning: "It can sign in no more, and its sessions end at once.")
    }

    package func run(_ connection: inout Connection) async throws -> String {
        guard try await connection.run(Self.removal, [.text(name)]).affected > 0 else {
            throw AdministrationError.refused("there is no operator \(name)")
        }
        return "removed operator \(name)"
    }

    /// $1 name.
    private static let removal = Statement(
        "action.remove_operator", "DELETE FROM countersign.operators WHERE name = $1")
}
