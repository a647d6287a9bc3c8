import Countersign
package import Postgres

/// `countersign stage pause`.
package struct PauseStage: OperatorAction {
    package static let command = "stage pause"
    package static let abstract = "Have no worker take rows of these stages."
    package static let discussion = "Example:\n  countersign stage pause issue validate"
    package static let inputs = [StageName.input]
    package static let event = "stage.paused"
    package static let role = ConsoleRole.operator
    package static let statements: [any StatementFamily.Type] = [PauseStages.self]

    private let stages: [StageName]

    package init(_ words: ActionWords) throws(UnreadableInput) { stages = try StageName.read(words) }

    package static func button(on subject: ActionSubject) -> ActionButton? {
        guard case .stage(let control) = subject, !control.isPaused else { return nil }
        return ActionButton("Pause", "stage \(control.stage)", ["stage": control.stage])
    }

    package func run(_ connection: inout Connection) async throws -> String {
        try await StageName.pause(stages, true, &connection)
    }
}

extension StageName {
    init(typed name: String) throws(UnreadableInput) {
        guard let stage = StageName(rawValue: name) else {
            let allowed = StageName.allCases.map(\.rawValue).joined(separator: ", ")
            throw UnreadableInput("there is no stage '\(name)'; there is \(allowed)")
        }
        self = stage
    }

    static let input = ActionInput(
        "stage", .arguments, help: "Stages: enroll, issue, validate, expire, dispatch, housekeep.",
        placeholder: "names", words: allCases.map(\.rawValue))

    static func read(_ words: ActionWords) throws(UnreadableInput) -> [StageName] {
        var stages: [StageName] = []
        for word in words.all("stage") { stages.append(try StageName(typed: word)) }
        guard !stages.isEmpty else { throw UnreadableInput("no stage is named") }
        return stages
    }

    static func pause(
        _ stages: [StageName], _ isPaused: Bool, _ connection: inout Connection
    ) async throws -> String {
        let names = stages.map(\.rawValue)
        let changed = Set(try await connection.run(PauseStages(stages: names, isPaused: isPaused)).all())
        return names.map { name in
            sentence("stage \(name) is \(isPaused ? "paused" : "running")", isChanged: changed.contains(name))
        }.joined(separator: "\n")
    }
}

/// The names of those that were not so already.
struct PauseStages: PreparedStatement {
    let stages: [String]
    let isPaused: Bool

    static let statement = Statement(
        "action.pause_stage",
        """
        UPDATE countersign.stage_controls SET paused = $2::boolean, updated_at = clock_timestamp()
        WHERE stage = ANY ($1::text[]) AND paused <> $2::boolean RETURNING stage
        """)
    var parameters: [Parameter] { [.texts(stages), .bool(isPaused)] }

    static func decode(_ row: inout RowReader) throws -> String { try row.text("stage") }
}
