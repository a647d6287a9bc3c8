package import Postgres

/// `countersign operator remove-second-factor`: for who has lost the authenticator.
package struct RemoveSecondFactor: OperatorAction {
    package static let command = "operator remove-second-factor"
    package static let abstract = "Remove a second factor, when its authenticator is lost."
    package static let discussion = """
        Be sure of who asks for it. Its sessions end at once; a new second factor is set up on the console's page Account.

        Example:
          countersign operator remove-second-factor alice
        """
    package static let inputs = [ActionInput("operator", help: "The operator's name.", placeholder: "name")]
    package static let event = "operator.second_factor_removed"
    package static let statements = [removal]

    private let name: String

    package var needsPassword: Bool { true }

    package init(_ words: ActionWords) { name = words["operator"] }

    package static func button(on subject: ActionSubject) -> ActionButton? {
        guard case .account(let account) = subject, account.hasSecondFactor else { return nil }
        return ActionButton(
            "Remove second factor", "of account \(account.name)", ["operator": account.name],
            fields: [.password], warning: "It signs in with its password alone until it sets up another.")
    }

    package func run(_ connection: inout Connection) async throws -> String {
        guard let had = try await connection.run(Self.removal, [.text(name)]).first else {
            throw AdministrationError.refused("there is no operator \(name)")
        }
        return sentence("operator \(name) has no second factor", isChanged: try had.bool(0))
    }

    /// $1 name. A row if there is one: whether it had a second factor. The interval of its last code stays: no code that was
    /// used counts again.
    private static let removal = Statement(
        "action.remove_second_factor",
        """
        WITH old AS MATERIALIZED (
            SELECT name, second_factor IS NOT NULL AS had FROM countersign.operators WHERE name = $1 FOR UPDATE
        ), ended AS (
            DELETE FROM countersign.operator_sessions s USING old WHERE old.had AND s.operator = old.name
        ), removed AS (
            UPDATE countersign.operators o SET second_factor = NULL, code_tries = 0 FROM old
            WHERE old.had AND o.name = old.name
        )
        SELECT had FROM old
        """)
}
