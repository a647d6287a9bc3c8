package import Countersign
import Crypto
package import Engine
package import Logging
package import Places
package import Postgres

extension Sealer {
    /// The same in all tests of one process.
    package static let ofTests = Sealer(
        MasterKeys(current: MasterKey(id: 1, key: SymmetricKey(size: .bits256))))
}

/// Runs a worker in this process on the current test's database while the body runs, then drains it. Every
/// stage but dispatch, unless told otherwise.
package func withWorker<T: Sendable>(
    stages: Set<StageName> = Set(StageName.allCases).subtracting([.dispatch]), batchSize: Int = 500,
    dispatch: (any LongRunningStage)? = nil, options: ConnectionOptions? = nil,
    sealer: Sealer = .ofTests, poll: Duration = .seconds(1), statementLimit: Duration? = nil,
    journal: Journal? = nil, places: Places? = nil,
    logger: Logger = LogCapture.current.logger("worker"),
    _ body: (Worker) async throws -> T
) async throws -> T {
    var configuration = WorkerConfiguration(
        database: options ?? Database.current.ownerOptions, host: "test", processID: 1)
    configuration.stages = stages
    configuration.batchSize = batchSize
    configuration.poll = poll
    configuration.journal = journal
    configuration.places = places
    if let statementLimit { configuration.statementLimit = statementLimit }
    let worker = try Worker(configuration, sealer: sealer, dispatch: dispatch, logger: logger)
    let running = Task { await worker.run() }
    do {
        let value = try await body(worker)
        worker.context.drain.begin()
        await running.value
        return value
    } catch {
        worker.context.drain.begin()
        await running.value
        throw error
    }
}

/// Runs a worker with a login that has the rights of `countersign_worker` and no others.
package func withWorkerLogin<T: Sendable>(
    stages: Set<StageName> = Set(StageName.allCases).subtracting([.dispatch]),
    _ body: (Worker) async throws -> T
) async throws -> T {
    let login = try await Database.current.makeLogin("worker", in: .worker)
    return try await withWorker(
        stages: stages, options: Database.current.options(login: login),
        logger: LogCapture.current.logger("worker"), body)
}
