import Countersign
package import Postgres

/// `countersign stage resume`.
package struct ResumeStage: OperatorAction {
    package static let command = "stage resume"
    package static let abstract = "Let the workers go on with these stages."
    package static let discussion = "Example:\n  countersign stage resume issue validate"
    package static let inputs = [StageName.input]
    package static let event = "stage.resumed"
    package static let role = ConsoleRole.operator
    package static let statements: [any StatementFamily.Type] = [PauseStages.self]

    private let stages: [StageName]

    package init(_ words: ActionWords) throws(UnreadableInput) { stages = try StageName.read(words) }

    package static func button(on subject: ActionSubject) -> ActionButton? {
        guard case .stage(let control) = subject, control.isPaused else { return nil }
        return ActionButton("Resume", "stage \(control.stage)", ["stage": control.stage])
    }

    package func run(_ connection: inout Connection) async throws -> String {
        try await StageName.pause(stages, false, &connection)
    }
}
