package import Postgres

/// `countersign operator add`. The command may also print JSON.
package struct AddOperator: SecretAction {
    package static let command = "operator add"
    package static let abstract = "Add an account and print its password, this once."
    package static let discussion = """
        The password is generated: the database keeps its digest. A viewer sees everything in the console but users, and \
        changes nothing; with --portal only what is that portal's. An operator may also act on stages, workers and \
        webhooks, and pause; an admin sees users and changes everything. Whoever has the account may set up a second \
        factor on the console's page Account.

        Examples:
          countersign operator add alice --role admin
          countersign operator add night-watch --role operator
          countersign operator add acme-desk --portal acme
        """
    package static let inputs =
        [ActionInput("name", help: "The operator's name: a-z, 0-9, ., _ and -.")] + SetOperator.powers
    package static let hasOwnCommand = true
    package static let event = "operator.added"
    package static let statements: [any StatementFamily.Type] = []

    private let name: String
    private let role: ConsoleRole
    private let portal: String?

    package init(_ words: ActionWords) throws(UnreadableInput) {
        name = words["name"]
        role = try ConsoleRole(typed: words.optional("role") ?? "viewer")
        portal = words.optional("portal")
    }

    package var needsPassword: Bool { true }

    package static func button(on subject: ActionSubject) -> ActionButton? {
        guard case .operators = subject else { return nil }
        return ActionButton(
            "Add", "account",
            fields: [.init(name: "name", caption: "Name", hint: "alice", size: 16)]
                + SetOperator.fields(.viewer, portal: nil) + [.password])
    }

    package func make(_ connection: inout Connection) async throws -> ShownOnce {
        let password = try await ConsoleAccount.add(name, role, portal: portal, &connection)
        return ShownOnce(
            "added operator \(name)", [("name", name), ("password", password)],
            "The password is shown only now.")
    }
}
