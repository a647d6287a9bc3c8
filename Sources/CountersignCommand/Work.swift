import Administration
import ArgumentParser
import Countersign
import Engine
import Logging

/// `countersign work`.
struct Work: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "work",
        abstract: "Run a worker: issue codes, judge submissions, expire, deliver webhooks, keep house.",
        discussion: """
            Runs until SIGTERM or SIGINT; then it finishes the batch in hand, gives back what it holds and ends \
            within 10 seconds. Run as many as you like, on as many machines as you like.

            The login must be a member of countersign_worker, and COUNTERSIGN_MASTER_KEY must open what the \
            database holds. LISTEN needs a session of its own: do not connect through a pooler in transaction mode.

            Examples:
              countersign work
              countersign work --stages issue,validate,expire --batch-size 200
              countersign work --stages dispatch --allow-address 10.20.0.0/16
              DATABASE_URL=postgres://worker@db/countersign countersign work
            """)

    @OptionGroup var database: DatabaseOptions

    @OptionGroup var options: WorkerOptions
    @OptionGroup var operations: OperationsOptions
    @OptionGroup var logs: LogOptions

    mutating func run() async throws {
        do {
            try await work()
        } catch {
            throw Failure(error, role: .worker)
        }
    }

    private func work() async throws {
        let setup = try ServiceSetup("worker", database, logs)
        let (worker, findings) = try await options.worker(
            setup.connection, setup.environment, setup.levels, setup.logger, setup.journal)
        try await setup.run(
            [worker], operations, listeners: ["worker": worker.context.notifier], findings: findings,
            waits: true)
    }
}
