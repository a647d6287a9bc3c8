import Administration
import ArgumentParser
import Postgres

struct OperatorCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "operator",
        abstract: "Accounts of the console.",
        discussion: """
            Examples:
              countersign operator add alice --admin
              countersign operator add night-watch
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

    @Flag(help: "Let it change things.")
    var admin = false

    @OptionGroup var output: OutputOptions
    @OptionGroup var database: DatabaseOptions

    func run(_ connection: inout Connection) async throws {
        let isAdmin = try admin || Environment.current.isOn("admin")
        try await connection.handOver({ try text(password: $0, isAdmin) }) { connection in
            try await ConsoleAccount.add(name, isAdmin: isAdmin, &connection)
        }
    }

    private func text(password: String, _ isAdmin: Bool) throws -> String {
        guard try output.wantsJSON else {
            return "added operator \(name)\n  password  \(password)\nThe password is shown only now."
        }
        return Field.record(["name": .text(name), "admin": .flag(isAdmin), "password": .text(password)])
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
                "name": .text(account.name), "admin": .flag(account.isAdmin),
                "second_factor": .flag(account.hasSecondFactor),
                "created_at": .time(account.createdAt),
            ]
        }
        try output.show(records, otherwise: "There are no operators yet.")
    }
}
