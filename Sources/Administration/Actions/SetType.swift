package import Postgres

/// `countersign type set`.
package struct SetType: OperatorAction {
    package static let command = "type set"
    package static let abstract = "Change when a type's requests expire, what they ask for, and its messages."
    package static let discussion = """
        What is not named stays as it is; a message without a text is taken away. Requests that are open go on as they \
        were asked for.

        Examples:
          countersign type set qr-code --expires-in 120 --confirm-code always
          countersign type set qr-code --message en="Sign in to Acme" --message nl-be=
        """
    package static let inputs =
        [
            ActionInput("type", help: "The type's name.", placeholder: "name"),
            ActionInput(
                "expires-in", .option, help: "When requests expire: 30 to 600.", placeholder: "seconds"),
            ActionInput(
                "message", .options,
                help: "A default message, 1 to 155 characters, or none. Once for each language.",
                placeholder: "language=text"),
            VisitorLines.input,
        ] + TypeSettings.inputs
    package static let event = "type.changed"
    package static let statements: [any StatementFamily.Type] = [
        SetTypeRow.self, CheckTexts.self, SetMessages.self, DeleteMessages.self,
        FindLanguagesWithoutMessage.self, SetVisitorLines.self,
    ]

    private let type: String
    private let seconds: Int32?
    private let settings: TypeSettings
    private let messages: [AuthenticationType.Message]
    private let visitorLines: VisitorLines

    package init(_ words: ActionWords) throws {
        type = words["type"]
        settings = try TypeSettings(words)
        seconds = try words.optional("expires-in").map { try readExpiry($0) }
        messages = try readMessages(words.all("message"))
        visitorLines = try VisitorLines(words)
        guard seconds != nil || !settings.isEmpty || !messages.isEmpty || !visitorLines.isEmpty else {
            throw UnreadableInput("there is nothing to change: name an option, such as --expires-in")
        }
    }

    package static func button(on subject: ActionSubject) -> ActionButton? {
        guard case .type(let type) = subject else { return nil }
        let messages = type.messages.map { "\($0.language)=\($0.text)" }.joined(separator: "\n")
        return ActionButton(
            "Change", "type \(type.name)", ["type": type.name],
            fields: [
                .init(
                    name: "expires-in", caption: "Expires in (30 to 600 s)",
                    value: "\(type.requestExpiresIn.components.seconds)", size: 5),
                .init(
                    name: "message", caption: "Messages, one a line; without a text it goes", value: messages,
                    kind: .lines),
                VisitorLines.field(type),
            ] + TypeSettings.fields(type), title: "Change")
    }

    /// The messages first: what comes with a change of the type's own row in the same transaction looks like a part of it.
    package func run(_ connection: inout Connection) async throws -> String {
        let wanted = messages.filter { !$0.text.isEmpty }
        let unwanted = messages.filter(\.text.isEmpty).map(\.language)
        return try await connection.atomically { connection in
            let isKnown = try await connection.run(IsTaken(thing: .type, name: type)).one()
            guard isKnown else { throw try await NamedThing.type.unknown(type, &connection) }
            try await connection.run(CheckTexts(column: "message", texts: wanted))
            var changed = try await connection.run(SetMessages(type: type, messages: wanted)).affected
            changed += try await connection.run(DeleteMessages(type: type, languages: unwanted)).affected
            changed += try await visitorLines.set(of: type, &connection)
            if seconds != nil || !settings.isEmpty {
                let row = SetTypeRow(name: type, seconds: seconds, settings: settings)
                changed += try await connection.run(row).affected
            }
            return sentence("authentication type \(type) is as wanted", isChanged: changed > 0)
        }
    }
}

/// Changes what is given and differs.
struct SetTypeRow: PreparedStatement {
    let name: String
    let seconds: Int32?
    let settings: TypeSettings

    static let statement = Statement(
        "action.set_type",
        """
        UPDATE countersign.auth_types
        SET request_expires_in = coalesce($2, request_expires_in), confirm_code = coalesce($3, confirm_code),
            code_rotation = nullif(coalesce($4, code_rotation), 0), redeem_once = coalesce($5, redeem_once),
            scan_required = coalesce($6, scan_required), same_network = coalesce($7, same_network),
            allow_qr = coalesce($8, allow_qr), allow_link = coalesce($9, allow_link),
            same_country = coalesce($10, same_country)
        WHERE name = $1 AND (request_expires_in <> $2 OR confirm_code <> $3 OR coalesce(code_rotation, 0) <> $4
                             OR redeem_once <> $5 OR scan_required <> $6 OR same_network <> $7
                             OR allow_qr <> $8 OR allow_link <> $9 OR same_country <> $10)
        """)
    var parameters: [Parameter] {
        [.text(name), seconds.map(Parameter.int32) ?? .null] + settings.parameters
    }
}

/// Adds them, or writes them over those of the same languages.
struct SetMessages: PreparedStatement {
    let type: String
    let messages: [AuthenticationType.Message]

    static let statement = Statement(
        "action.set_messages",
        """
        INSERT INTO countersign.auth_type_messages AS m (auth_type, language_code, message)
        SELECT $1, language_code, message FROM unnest($2::text[], $3::text[]) AS given (language_code, message)
        ON CONFLICT (auth_type, language_code) DO UPDATE SET message = excluded.message
            WHERE m.message <> excluded.message
        """)
    var parameters: [Parameter] {
        [.text(type), .texts(messages.map(\.language)), .texts(messages.map(\.text))]
    }
}

struct DeleteMessages: PreparedStatement {
    let type: String
    let languages: [String]

    static let statement = Statement(
        "action.delete_messages",
        "DELETE FROM countersign.auth_type_messages WHERE auth_type = $1 AND language_code = ANY ($2)")
    var parameters: [Parameter] { [.text(type), .texts(languages)] }
}
