import Administration
import ArgumentParser
import Countersign
import Postgres

struct CallbackAdd: DatabaseCommand {
    static let configuration = CommandConfiguration(
        commandName: "add",
        abstract: "Add a callback address to a portal.",
        discussion: """
            A request's callback_uri must equal it exactly. With --username and --password-stdin, deliveries to \
            it carry Basic authentication; the password is stored sealed, for which COUNTERSIGN_MASTER_KEY must \
            be set. Addresses that begin with http:// are for loopback and testing: what is sent there can be \
            read on the way.

            Examples:
              countersign callback add acme https://acme.example/callback
              countersign callback add acme https://acme.example/cb \\
                --username acme --password-stdin < password
            """)
    static let role: GroupRole? = .admin

    @Argument(help: "The portal's name.")
    var portal: String

    @Argument(help: "The address: http or https, at most 2,048 ASCII characters.")
    var url: String

    @Option(help: "The user name for Basic authentication.")
    var username: String?

    @Flag(help: "Read the password for Basic authentication from standard input, one line.")
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
        try await Callback.add(portal: portal, url: url, credentials, &connection)
        write("added a callback address to portal \(portal)")
    }

    private enum CodingKeys: CodingKey { case portal, url, username, passwordStdin, database }
}

/// One line of standard input, without its end.
private func readPassword() throws -> String {
    guard let line = readLine(), !line.isEmpty else {
        throw Failure(.data, "there is no password on standard input")
    }
    // What is not UTF-8 would silently become another password.
    guard !line.unicodeScalars.contains("\u{FFFD}") else {
        throw Failure(.data, "the password on standard input is not UTF-8")
    }
    return line
}
