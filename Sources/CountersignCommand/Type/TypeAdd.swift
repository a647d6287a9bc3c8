import Administration
import ArgumentParser

struct TypeAdd: ActionCommand {
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

    var actions: [OperatorAction] {
        get throws {
            let environment = Environment.current
            let seconds = try expiresIn ?? environment.value("expires-in") ?? 180
            let fallback: DefaultMessage? = try environment.value("message")
            let messages = messages.isEmpty ? [fallback].compactMap(\.self) : messages
            return [.addType(name, expiresIn: seconds, messages.map(\.message))]
        }
    }
}

/// `en=Sign in to Acme`.
struct DefaultMessage: ExpressibleByArgument {
    let message: AuthenticationType.Message

    init?(argument: String) {
        guard let message = AuthenticationType.Message(typed: argument) else { return nil }
        self.message = message
    }
}
