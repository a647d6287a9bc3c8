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
              countersign operator remove alice
            """,
        subcommands: [OperatorAdd.self, OperatorList.self, OperatorRemove.self])
}

struct OperatorAdd: DatabaseCommand {
    static let configuration = CommandConfiguration(
        commandName: "add", abstract: "Add an account and print its password.",
        discussion: """
            The password is generated and shown this once: the database keeps a slow hash of it. Without --admin \
            the account sees everything in the console and changes nothing.

            Example:
              countersign operator add alice --admin
            """)
    static let role: GroupRole? = .admin

    @Argument(help: "The operator's name: a-z, 0-9, ., _ and -.")
    var name: String

    @Flag(help: "Let it change things.")
    var admin = false

    @OptionGroup var output: OutputOptions
    @OptionGroup var database: DatabaseOptions

    func run(_ connection: inout Connection) async throws {
        let isAdmin = try admin || Environment.current.isOn("admin")
        let password = try await ConsoleAccount.add(name, isAdmin: isAdmin, &connection)
        if try output.wantsJSON {
            try output.show(["name": .text(name), "admin": .flag(isAdmin), "password": .text(password)])
        } else {
            write("added operator \(name)\n  password  \(password)\nThe password is shown only now.")
        }
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
                "created_at": .time(account.createdAt),
            ]
        }
        try output.show(records, otherwise: "There are no operators yet.")
    }
}

struct OperatorRemove: DatabaseCommand {
    static let configuration = CommandConfiguration(
        commandName: "remove", abstract: "Remove an account; its sessions end at once.",
        discussion: "Example:\n  countersign operator remove alice")
    static let role: GroupRole? = .admin

    @Argument(help: "The operator's name.")
    var name: String

    @OptionGroup var database: DatabaseOptions

    func run(_ connection: inout Connection) async throws {
        try await ConsoleAccount.remove(name, &connection)
        write("removed operator \(name)")
    }
}
