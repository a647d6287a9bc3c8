import Countersign
package import Postgres

/// Live workers that could not go on once the pending files of the schema are applied.
package enum OutdatedWorkers {
    /// Returns when there are none. Refuses while there are, or, when it `drains`, tells them to and waits until they
    /// have gone, for as long as the task goes on. `report` hears once of each.
    package static func makeWay(
        for migrator: Migrator, drains: Bool, _ connection: inout Connection, report: (String) -> Void
    ) async throws {
        let status = try await migrator.status(&connection)
        let minimum = status.pendingMinimumBinary
        // Without a schema there is nobody; under this minimum nobody works already.
        guard status.version > 0, minimum > status.minimumBinary else { return }
        var told: Set<Identifier> = []
        while true {
            let workers = try await connection.run(FindOutdatedWorkers(minimum: minimum)).all()
            guard !workers.isEmpty else { return }
            guard drains else { throw refusal(workers, minimum) }
            try await connection.run(DrainOutdatedWorkers(minimum: minimum))
            for worker in workers where told.insert(worker.id).inserted {
                report("waiting until \(sentence(worker)) has drained")
            }
            try await Task.sleep(for: .milliseconds(200))
        }
    }

    /// Refuses while any worker is live: those of other groups could do nothing any more.
    package static func refuseAny(forGroupsOf installation: Installation, _ connection: inout Connection)
        async throws
    {
        let workers = try await connection.run(FindOutdatedWorkers(minimum: Int(Int32.max))).all()
        guard workers.isEmpty else {
            throw AdministrationError.refused(
                "other groups were asked for, and there is " + workers.map(sentence).joined(separator: ", ")
                    + ", whose login is in \(installation.prefix)worker and could do nothing any more: stop it first, or "
                    + "leave --installation as it was")
        }
    }

    private static func refusal(_ workers: [FindOutdatedWorkers.Output], _ minimum: Int)
        -> AdministrationError
    {
        .refused(
            "the new schema asks for program \(minimum) or newer, and there is "
                + workers.map(sentence).joined(separator: ", ")
                + ": replace it first, or have it drained by `countersign migrate up --drain`")
    }

    private static func sentence(_ worker: FindOutdatedWorkers.Output) -> String {
        "worker \(worker.id) on \(worker.host) (program \(worker.program))"
    }
}

/// Workers of programs below that number that were heard of within 15 s, also those that drain already.
struct FindOutdatedWorkers: PreparedStatement {
    struct Output: Sendable {
        let id: Identifier
        let host: String
        let program: Int
    }

    let minimum: Int

    static let statement = Statement(
        "migrate.outdated_workers",
        """
        SELECT worker_id, host, program FROM countersign.workers
        WHERE program < $1 AND heartbeat_at > clock_timestamp() - interval '15 s' ORDER BY started_at, worker_id
        """)

    var parameters: [Parameter] { [.int32(Int32(minimum))] }
    static func decode(_ row: inout RowReader) throws -> Output {
        Output(
            id: try row.identifier("worker_id"), host: try row.text("host"), program: try row.int("program"))
    }
}

/// Tells them to drain, each once.
struct DrainOutdatedWorkers: PreparedStatement {
    let minimum: Int

    static let statement = Statement(
        "migrate.drain_workers",
        """
        UPDATE countersign.workers SET drain_requested = true
        WHERE program < $1 AND NOT drain_requested AND heartbeat_at > clock_timestamp() - interval '15 s'
        """)

    var parameters: [Parameter] { [.int32(Int32(minimum))] }
}
