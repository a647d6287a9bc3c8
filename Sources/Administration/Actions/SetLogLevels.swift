import Countersign
import Logging
package import Postgres

/// `countersign log-level set`.
package struct SetLogLevels: OperatorAction {
    package static let command = "log-level set"
    package static let abstract = "Change levels."
    package static let discussion = "Example:\n  countersign log-level set dispatch=trace validate=default"
    package static let inputs = [
        ActionInput(
            "level", .arguments,
            help: "A module and trace, debug, info, notice, warning, error, critical or default.",
            placeholder: "module=level")
    ]
    package static let event = "log_level.changed"
    package static let role = ConsoleRole.operator
    package static let statements: [any StatementFamily.Type] = [WriteLogLevel.self]

    /// nil is the level that the program was started with.
    private let levels: [(module: String, level: Logger.Level?)]

    package init(_ words: ActionWords) throws(UnreadableInput) {
        var levels: [(module: String, level: Logger.Level?)] = []
        for word in words.all("level") { levels.append(try Self.read(word)) }
        self.levels = levels
    }

    private static func read(
        _ word: String
    ) throws(UnreadableInput) -> (module: String, level: Logger.Level?) {
        guard let (module, typed) = ActionWords.assignment(word) else {
            throw UnreadableInput("'\(word)' is not like issue=debug")
        }
        // Back to the start is for any: an older program may have known others.
        if typed == "default" { return (module, nil) }
        guard let level = Logger.Level(rawValue: typed) else {
            let allowed = Logger.Level.allCases.map(\.rawValue).joined(separator: ", ")
            throw UnreadableInput("there is no level '\(typed)'; there is \(allowed), default")
        }
        guard LogLevels.modules.contains(module) else {
            throw UnreadableInput(
                "there is no module \(module); there is \(LogLevels.modules.joined(separator: ", "))")
        }
        return (module, level)
    }

    package static func button(on subject: ActionSubject) -> ActionButton? {
        guard case .logLevels = subject else { return nil }
        let levels = ["default"] + Logger.Level.allCases.map(\.rawValue)
        return ActionButton(
            "Set", "log level",
            fields: [
                .init(name: "level", caption: "Module", value: "all"),
                .init(name: "level.value", caption: "Level", kind: .choice(levels)),
            ])
    }

    package func run(_ connection: inout Connection) async throws -> String {
        var sentences: [String] = []
        for (module, level) in levels {
            let isNew = try await connection.run(WriteLogLevel(module: module, level: level)).one()
            let what = level.map { "at \($0.rawValue)" } ?? "as the program was started"
            sentences.append(sentence("\(module) logs \(what)", isChanged: isNew))
        }
        return sentences.joined(separator: "\n")
    }
}

/// Whether it was not so already.
struct WriteLogLevel: PreparedStatement {
    let module: String
    /// nil is the level that the program was started with.
    let level: Logger.Level?

    static let statement = Statement(
        "action.log_level",
        """
        WITH gone AS (
            DELETE FROM countersign.log_levels WHERE module = $1 AND $2::text IS NULL RETURNING module
        ), written AS (
            INSERT INTO countersign.log_levels (module, level) SELECT $1, $2::text WHERE $2::text IS NOT NULL
            ON CONFLICT (module) DO UPDATE SET level = excluded.level, updated_at = clock_timestamp()
                WHERE log_levels.level <> excluded.level
            RETURNING module
        )
        SELECT EXISTS (SELECT FROM gone UNION ALL SELECT FROM written) AS is_new
        """)
    var parameters: [Parameter] { [.text(module), Parameter(level?.rawValue)] }

    static func decode(_ row: inout RowReader) throws -> Bool { try row.bool("is_new") }
}
