import ArgumentParser
import Countersign
import Postgres

struct TypeAdd: DatabaseCommand {
    static let configuration = CommandConfiguration(
        commandName: "add",
        abstract: "Add an authentication type.",
        discussion: """
            A request without a message of its own gets the one of its language, else of its language without \
            the region, else the English one.

            Examples:
              countersign type add qr-code --message en="Sign in to Acme"
              countersign type add quick --expires-in 60 \\
                --message en="Sign in" --message nl-be="Meld je aan"
            """)
    static let role: GroupRole? = .admin

    @Argument(help: "The type's name, which portals write into auth_type.")
    var name: String

    @Option(help: ArgumentHelp("When requests expire: 30 to 600. Default: 180.", valueName: "seconds"))
    var expiresIn: Int?

    @Option(
        name: .customLong("message"),
        help: ArgumentHelp(
            "A default message, 1 to 155 characters. Once for each language.", valueName: "language=text"))
    var messages: [DefaultMessage] = []

    @OptionGroup var database: DatabaseOptions

    func run(_ connection: inout Connection) async throws {
        let environment = Environment.current
        let seconds = try expiresIn ?? environment.value("expires-in") ?? 180
        let fallback: DefaultMessage? = try environment.value("message")
        let messages = messages.isEmpty ? [fallback].compactMap(\.self) : messages
        try await AuthenticationType.add(
            name, expiresIn: seconds, messages: messages.map(\.message), &connection)
        write("added authentication type \(name)")
    }
}

/// `en=Sign in to Acme`.
struct DefaultMessage: ExpressibleByArgument {
    let message: AuthenticationType.Message

    init?(argument: String) {
        guard let sign = argument.firstIndex(of: "="), sign > argument.startIndex else { return nil }
        let text = argument[sign...].dropFirst()
        message = AuthenticationType.Message(language: String(argument[..<sign]), text: String(text))
    }
}
