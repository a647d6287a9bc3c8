import Countersign
package import Postgres

/// `countersign stage batch-size`.
package struct SetBatchSize: OperatorAction {
    package static let command = "stage batch-size"
    package static let abstract = "Change how many rows a batch of a stage takes at most."
    package static let discussion = """
        Wins over --batch-size of every worker, until `default` leaves it to them again.

        Examples:
          countersign stage batch-size issue 100
          countersign stage batch-size issue default
        """
    package static let inputs = [
        ActionInput(
            "stage", help: "The stage.", placeholder: "name", words: StageName.allCases.map(\.rawValue)),
        ActionInput("size", help: "1 to 1000, or default."),
    ]
    package static let event = "stage.batch_size"
    package static let role = ConsoleRole.operator
    package static let statements: [any StatementFamily.Type] = [WriteBatchSize.self]

    private let stage: StageName
    /// nil is what each worker was started with.
    private let size: Int32?

    package init(_ words: ActionWords) throws {
        stage = try StageName(typed: words["stage"])
        let typed = words.optional("size") ?? "default"
        if typed == "default" {
            size = nil
        } else if let rows = Int(typed) {
            guard (1...1_000).contains(rows) else {
                throw AdministrationError.refused("a batch size must lie between 1 and 1000")
            }
            size = Int32(rows)
        } else {
            throw UnreadableInput("a batch size is a number from 1 to 1000, or default, not '\(typed)'")
        }
    }

    package static func button(on subject: ActionSubject) -> ActionButton? {
        guard case .stage(let control) = subject else { return nil }
        let size = control.batchSize.map { "\($0)" } ?? ""
        return ActionButton(
            "Set", "batch size of \(control.stage)", ["stage": control.stage],
            fields: [.init(name: "size", caption: "Batch", value: size, hint: "default", size: 6)])
    }

    package func run(_ connection: inout Connection) async throws -> String {
        let rows = try await connection.run(WriteBatchSize(stage: stage, size: size))
        let what = size.map { "at most \($0) rows" } ?? "as large as each worker was started with"
        return sentence("batches of \(stage.rawValue) are \(what)", isChanged: rows.affected > 0)
    }
}

/// Affects a row when it was not so already.
struct WriteBatchSize: PreparedStatement {
    let stage: StageName
    let size: Int32?

    static let statement = Statement(
        "action.batch_size",
        """
        UPDATE countersign.stage_controls SET batch_size = $2::integer, updated_at = clock_timestamp()
        WHERE stage = $1 AND batch_size IS DISTINCT FROM $2::integer
        """)
    var parameters: [Parameter] { [.text(stage.rawValue), size.map { .int32($0) } ?? .null] }
}
