import Postgres

/// What prompts of a type say of visitors, by language; without a text it goes.
struct VisitorLines: Sendable {
    static let input = ActionInput(
        "visitor-line", .options,
        help:
            "What the prompt says of the visitor, with [operatingSystem], [browser], [countryCode], [region] and [city], or none. Once for each language that has a message.",
        placeholder: "language=template")

    private let lines: [AuthenticationType.Message]

    var isEmpty: Bool { lines.isEmpty }

    init() { lines = [] }

    init(_ words: ActionWords) throws { lines = try readMessages(words.all(Self.input.name)) }

    static func field(_ type: AuthenticationType?) -> ActionButton.Field {
        let lines = type?.visitorLines.map { "\($0.language)=\($0.text)" } ?? []
        return .init(
            name: input.name, caption: "Lines on the visitor, one a line; without a text it goes",
            value: lines.joined(separator: "\n"), hint: "en=[browser] on [operatingSystem], [city]",
            kind: .lines)
    }

    /// Returns how many were not so already. Throws where the type has no message in that language.
    func set(of type: String, _ connection: inout Connection) async throws -> Int {
        guard !isEmpty else { return 0 }
        try await connection.run(CheckTexts(column: "visitor_line", texts: lines))
        let missing = try await connection.run(FindLanguagesWithoutMessage(type: type, lines: lines)).all()
        if let language = missing.first {
            throw AdministrationError.refused("type \(type) has no message in \(language): add one first")
        }
        return try await connection.run(SetVisitorLines(type: type, lines: lines)).affected
    }
}

struct FindLanguagesWithoutMessage: PreparedStatement {
    let type: String
    let lines: [AuthenticationType.Message]

    static let statement = Statement(
        "action.find_languages",
        """
        SELECT given FROM unnest($2::text[]) AS given
        WHERE NOT EXISTS (SELECT FROM countersign.auth_type_messages m WHERE m.auth_type = $1 AND m.language_code = given)
        """)
    var parameters: [Parameter] { [.text(type), .texts(lines.map(\.language))] }

    static func decode(_ row: inout RowReader) throws -> String { try row.text("given") }
}

struct SetVisitorLines: PreparedStatement {
    let type: String
    let lines: [AuthenticationType.Message]

    static let statement = Statement(
        "action.set_visitor_lines",
        """
        UPDATE countersign.auth_type_messages m SET visitor_line = nullif(given.line, '')
        FROM unnest($2::text[], $3::text[]) AS given (language_code, line)
        WHERE m.auth_type = $1 AND m.language_code = given.language_code
          AND m.visitor_line IS DISTINCT FROM nullif(given.line, '')
        """)
    var parameters: [Parameter] {
        [.text(type), .texts(lines.map(\.language)), .texts(lines.map(\.text))]
    }
}
