package import Postgres

/// `countersign operator add`. The command may also print JSON.
package struct AddOperator: SecretAction {
    package static let command = "operator add"
    package static let abstract = "Add an account and print its password, this once."
    package static let discussion = """
        The password is generated: the database keeps its digest. Without --admin the account sees everything in \
        the console but users, and changes nothing. Whoever has it may set up a second factor on the console's page Account.

        Examples:
          countersign operator add alice --admin
          countersign operator add night-watch
        """
    package static let inputs = [
        ActionInput("name", help: "The operator's name: a-z, 0-9, ., _ and -."),
        ActionInput("may", help: "look, or change."),
    ]
    package static let hasOwnCommand = true
    package static let event = "operator.added"
    package static let statements: [any StatementFamily.Type] = []

    private let name: String
    private let isAdmin: Bool

    package init(_ words: ActionWords) throws(UnreadableInput) {
        name = words["name"]
        switch words["may"] {
        case "look": isAdmin = false
        case "change": isAdmin = true
        default: throw UnreadableInput("an operator may look or change, not '\(words["may"])'")
        }
    }

    package var needsPassword: Bool { true }

    package static func button(on subject: ActionSubject) -> ActionButton? {
        guard case .operators = subject else { return nil }
        return ActionButton(
            "Add", "account",
            fields: [
                .init(name: "name", caption: "Name", hint: "alice", size: 16),
                .init(name: "may", caption: "May", kind: .choice(["look", "change"])),
                .password,
            ])
    }

    package func make(_ connection: inout Connection) async throws -> ShownOnce {
        let password = try await ConsoleAccount.add(name, isAdmin: isAdmin, &connection)
        return ShownOnce(
            "added operator \(name)", [("name", name), ("password", password)],
            "The password is shown only now.")
    }
}
