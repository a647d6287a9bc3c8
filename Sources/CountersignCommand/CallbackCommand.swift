import Administration
import ArgumentParser
import Countersign
import Glibc
import Postgres
import Webhooks

struct CallbackCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "callback",
        abstract: "The addresses that portals may be called back at.",
        discussion: """
            Examples:
              countersign callback add acme https://acme.example/callback
              countersign callback list acme
              countersign callback remove acme https://acme.example/callback
            """,
        subcommands: [CallbackAdd.self, CallbackList.self] + actionCommands("callback"))
}

struct CallbackAdd: DatabaseCommand {
    static let configuration = CommandConfiguration(
        commandName: "add",
        abstract: AddCallback.abstract, discussion: AddCallback.discussion)
    static let role: GroupRole? = .admin

    @Argument(help: "The portal's name.")
    var portal: String

    @Argument(help: "The address: http or https, at most 2,048 ASCII characters.")
    var url: String

    @Option(help: "The user name for Basic authentication, at most 255 bytes.")
    var username: String?

    @Flag(
        help:
            "Read the password for Basic authentication from standard input, one line of at most 1,024 bytes."
    )
    var passwordStdin = false

    @OptionGroup var database: DatabaseOptions

    private var credentials: (basic: BasicCredentials, sealer: Sealer)?

    mutating func prepare() throws {
        let environment = Environment.current
        let username = username ?? environment.text("username")
        let readsPassword = try passwordStdin || environment.isOn("password-stdin")
        switch (username, readsPassword) {
        case (nil, false):
            return
        case (let username?, true):
            let sealer = Sealer(try environment.masterKeys())
            credentials = (try BasicCredentials(username: username, password: try readPassword()), sealer)
        default:
            throw Failure(.usage, "--username and --password-stdin belong together: give both or neither")
        }
    }

    func run(_ connection: inout Connection) async throws {
        let journal = try database.openJournal()
        let done = try await AddCallback(portal: portal, url: url, credentials).run(&connection)
        try await journal?.append(AddCallback.line(ActionWords(["portal": [portal], "url": [url]])))
        write(done)
    }

    private enum CodingKeys: CodingKey { case portal, url, username, passwordStdin, database }
}

/// One line of standard input, without its end.
private func readPassword() throws -> String {
    guard let line = readLine(), !line.isEmpty else {
        throw Failure(.data, "there is no password on standard input")
    }
    // A terminal has no end that one would wait for.
    guard isatty(STDIN_FILENO) == 1 || readLine() == nil else {
        throw Failure(.data, "there is more than one line on standard input: the password is one line")
    }
    // What is not UTF-8 would silently become another password.
    guard !line.unicodeScalars.contains("\u{FFFD}") else {
        throw Failure(.data, "the password on standard input is not UTF-8")
    }
    return line
}

struct CallbackList: DatabaseCommand {
    static let configuration = CommandConfiguration(
        commandName: "list",
        abstract: "List the callback addresses of a portal, or of all.",
        discussion: """
            Examples:
              countersign callback list
              countersign callback list acme --json
            """)
    static let role: GroupRole? = .admin

    @Argument(help: "The portal's name.")
    var portal: String?

    @OptionGroup var output: OutputOptions
    @OptionGroup var database: DatabaseOptions

    func run(_ connection: inout Connection) async throws {
        let records = try await Callback.list(portal: portal, &connection).map { callback -> Record in
            [
                "portal": .text(callback.portal), "url": .text(callback.url),
                "username": .text(callback.username),
            ]
        }
        try output.show(records, otherwise: "There are no callback addresses yet.")
    }
}
