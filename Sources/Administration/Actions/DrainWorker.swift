package import Postgres

/// `countersign worker drain`.
package struct DrainWorker: OperatorAction {
    package static let command = "worker drain"
    package static let abstract = "Have a worker finish what it has in hand and end."
    package static let discussion = """
        As SIGTERM does, without a login on its machine. It ends with status 0: a supervisor that restarts it \
        then (systemd's Restart=always) starts another.

        Example:
          countersign worker drain 0198c2f4-5b1e-7c3a-9f00-3d2a1b0c9e8f
        """
    package static let inputs = [
        ActionInput("worker", help: "The worker's id, as `worker list` shows it.")
    ]
    package static let event = "worker.drained"
    package static let role = ConsoleRole.operator
    package static let statements: [any StatementFamily.Type] = [RequestDrain.self]

    private let worker: Identifier

    package init(_ words: ActionWords) throws(UnreadableInput) {
        worker = try readIdentifier(words["worker"], "a worker's id")
    }

    package static func button(on subject: ActionSubject) -> ActionButton? {
        guard case .worker(let worker) = subject, !worker.isDraining else { return nil }
        return ActionButton(
            "Drain", "worker on \(worker.host)", ["worker": "\(worker.id)"],
            warning: "It finishes what it has in hand and ends; its supervisor may start another.")
    }

    package func run(_ connection: inout Connection) async throws -> String {
        guard let isNew = try await connection.run(RequestDrain(worker: worker)).first() else {
            throw AdministrationError.refused(
                "there is no worker \(worker): `countersign worker list` shows those that there are")
        }
        return sentence("worker \(worker) drains", isChanged: isNew)
    }
}

/// A row when there is such a worker: whether it was not told already.
struct RequestDrain: PreparedStatement {
    let worker: Identifier

    static let statement = Statement(
        "action.drain_worker",
        """
        WITH changed AS (
            UPDATE countersign.workers SET drain_requested = true WHERE worker_id = $1 AND NOT drain_requested
            RETURNING worker_id
        )
        SELECT EXISTS (SELECT FROM changed) AS is_new FROM countersign.workers WHERE worker_id = $1
        """)
    var parameters: [Parameter] { [.identifier(worker)] }

    static func decode(_ row: inout RowReader) throws -> Bool { try row.bool("is_new") }
}
