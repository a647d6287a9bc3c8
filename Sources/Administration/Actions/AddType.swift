package import Postgres

/// `countersign type add`.
package struct AddType: OperatorAction {
    package static let command = "type add"
    package static let abstract = "Add an authentication type."
    package static let discussion = """
        A request without a message of its own gets the one of its language, else of its language without \
        the region, else the English one.

        Examples:
          countersign type add qr-code --message en="Sign in to Acme"
          countersign type add quick --expires-in 60 \\
            --message en="Sign in" --message nl-be="Meld je aan"
        """
    package static let inputs =
        [
            ActionInput("name", help: "The type's name, which portals write into auth_type."),
            ActionInput(
                "expires-in", .option, help: "When requests expire: 30 to 600. Default: 180.",
                placeholder: "seconds"),
            ActionInput(
                "message", .options, help: "A default message, 1 to 155 characters. Once for each language.",
                placeholder: "language=text"),
            VisitorLines.input,
        ] + TypeSettings.inputs
    package static let event = "type.added"
    package static let statements: [any StatementFamily.Type] = [
        InsertType.self, CheckTexts.self, InsertMessages.self,
        FindLanguagesWithoutMessage.self, SetVisitorLines.self,
    ]

    private let name: String
    private let seconds: Int32
    private var settings = TypeSettings()
    private let messages: [AuthenticationType.Message]
    private var visitorLines = VisitorLines()

    package init(_ name: String, expiresIn seconds: Int32 = 180, messages: [AuthenticationType.Message] = [])
    {
        (self.name, self.seconds, self.messages) = (name, seconds, messages)
    }

    package init(_ words: ActionWords) throws {
        name = words["name"]
        seconds = try readExpiry(words.optional("expires-in") ?? "180")
        settings = try TypeSettings(words)
        messages = try readMessages(words.all("message"))
        visitorLines = try VisitorLines(words)
    }

    package static func button(on subject: ActionSubject) -> ActionButton? {
        guard case .types = subject else { return nil }
        return ActionButton(
            "Add", "authentication type",
            fields: [
                .init(name: "name", caption: "Name", hint: "qr-code", size: 16),
                .init(name: "expires-in", caption: "Expires in (30 to 600 s)", hint: "180", size: 5),
                .init(
                    name: "message", caption: "Messages, one a line", hint: "en=Sign in to Acme", kind: .lines
                ),
                VisitorLines.field(nil),
            ] + TypeSettings.fields(nil))
    }

    package func run(_ connection: inout Connection) async throws -> String {
        try await connection.atomically { connection in
            try await connection.run(InsertType(name: name, seconds: seconds, settings: settings))
            try await connection.run(CheckTexts(column: "message", texts: messages))
            try await connection.run(InsertMessages(type: name, messages: messages))
            _ = try await visitorLines.set(of: name, &connection)
        }
        return "added authentication type \(name)"
    }
}

/// Seconds. What is no number is unreadable; whether it lies within the bounds, the database says.
func readExpiry(_ typed: String) throws -> Int32 {
    guard let seconds = Int(typed) else {
        throw UnreadableInput("a request must expire in 30 to 600 seconds, not '\(typed)'")
    }
    guard let seconds = Int32(exactly: seconds) else {
        throw AdministrationError.refused("a request must expire in 30 to 600 seconds")
    }
    return seconds
}

func readMessages(_ words: [String]) throws(UnreadableInput) -> [AuthenticationType.Message] {
    var messages: [AuthenticationType.Message] = []
    for word in words {
        guard let (language, text) = ActionWords.assignment(word), !language.isEmpty else {
            throw UnreadableInput("a message is like en=Sign in to Acme, one a line, not '\(word)'")
        }
        messages.append(AuthenticationType.Message(language: language, text: text))
    }
    return messages
}

struct InsertType: PreparedStatement {
    let name: String
    /// Until a request expires.
    let seconds: Int32
    let settings: TypeSettings

    static let statement = Statement(
        "action.add_type",
        """
        INSERT INTO countersign.auth_types (name, request_expires_in, confirm_code, code_rotation, redeem_once,
                                            scan_required, same_network, allow_qr, allow_link, same_country)
        VALUES ($1, $2, coalesce($3, 'never'), nullif($4, 0), coalesce($5, false), coalesce($6, true),
                coalesce($7, 'off'), coalesce($8, true), coalesce($9, false),
                coalesce($10, 'off'))
        """)
    var parameters: [Parameter] { [.text(name), .int32(seconds)] + settings.parameters }
}

/// What a request may not carry, its type may not either.
struct CheckTexts: PreparedStatement {
    /// `message` or `visitor_line`, for the error.
    let column: String
    let texts: [AuthenticationType.Message]

    static let statement = Statement(
        "action.check_texts",
        "SELECT countersign.check_text($1, given, 155) FROM unnest($2::text[]) AS given")
    var parameters: [Parameter] { [.text(column), .texts(texts.map(\.text))] }
}

struct InsertMessages: PreparedStatement {
    let type: String
    let messages: [AuthenticationType.Message]

    static let statement = Statement(
        "action.add_messages",
        """
        INSERT INTO countersign.auth_type_messages (auth_type, language_code, message)
        SELECT $1, language_code, message FROM unnest($2::text[], $3::text[]) AS given (language_code, message)
        """)
    var parameters: [Parameter] {
        [.text(type), .texts(messages.map(\.language)), .texts(messages.map(\.text))]
    }
}
