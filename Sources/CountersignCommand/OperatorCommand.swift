import Administration
import ArgumentParser
import Countersign
import Postgres

struct OperatorCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "operator",
        abstract: "Accounts of the console.",
        discussion: """
            Examples:
              countersign operator add alice --role admin
              countersign operator add night-watch --role operator
              countersign operator set night-watch --role viewer --portal acme
              countersign operator password alice
              countersign operator remove alice
              countersign operator remove-second-factor alice
            """,
        subcommands: [OperatorAdd.self, OperatorList.self] + actionCommands("operator"))
}

struct OperatorAdd: DatabaseCommand {
    static let configuration = CommandConfiguration(
        commandName: "add", abstract: AddOperator.abstract, discussion: AddOperator.discussion)
    static let role: GroupRole? = .admin

    @Argument(help: "The operator's name: a-z, 0-9, ., _ and -.")
    var name: String

    @Option(
        help: "viewer, operator or admin. (default: viewer)",
        completion: .list(ConsoleRole.allCases.map(\.rawValue)))
    var role: String?

    @Option(help: ArgumentHelp("Of a viewer who sees only what is that portal's.", valueName: "name"))
    var portal: String?

    @OptionGroup var output: OutputOptions
    @OptionGroup var database: DatabaseOptions

    func run(_ connection: inout Connection) async throws {
        let role = try ConsoleRole(typed: role ?? Environment.current.text("role") ?? "viewer")
        let portal = portal ?? Environment.current.text("portal")
        let journal = try database.openJournal()
        let words = ["name": [name], "role": [role.rawValue], "portal": portal.map { [$0] } ?? []]
        let line = AddOperator.line(ActionWords(words))
        try await connection.handOver({ try text(password: $0, role) }) { connection in
            let password = try await ConsoleAccount.add(name, role, portal: portal, &connection)
            try await journal?.append(line)
            return password
        }
    }

    private func text(password: String, _ role: ConsoleRole) throws -> String {
        guard try output.wantsJSON else {
            return "added operator \(name)\n  password  \(password)\nThe password is shown only now."
        }
        return Field.record(["name": .text(name), "role": .text(role.rawValue), "password": .text(password)])
            .json()
    }
}

struct OperatorList: DatabaseCommand {
    static let configuration = CommandConfiguration(
        commandName: "list", abstract: "List the accounts.",
        discussion: "Example:\n  countersign operator list")
    static let role: GroupRole? = .admin

    @OptionGroup var output: OutputOptions
    @OptionGroup var database: DatabaseOptions

    func run(_ connection: inout Connection) async throws {
        let records = try await ConsoleAccount.list(&connection).map { account -> Record in
            [
                "name": .text(account.name), "role": .text(account.role.rawValue),
                "portal": .text(account.portal),
                "second_factor": .flag(account.hasSecondFactor),
                "created_at": .time(account.createdAt),
            ]
        }
        try output.show(records, otherwise: "There are no operators yet.")
    }
}
