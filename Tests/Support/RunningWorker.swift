package import Countersign
package import Logging
package import Postgres

/// Runs a worker in this process on the current test's database while the body runs, then drains it. Every
/// stage but dispatch, unless told otherwise.
package func withWorker<T: Sendable>(
    stages: Set<StageName> = Set(StageName.allCases).subtracting([.dispatch]), batchSize: Int = 500,
    dispatch: (any LongRunningStage)? = nil, options: ConnectionOptions? = nil,
    poll: Duration = .seconds(1), logger: Logger = Logger(label: "worker"), _ body: (Worker) async throws -> T
) async throws -> T {
    var configuration = WorkerConfiguration(
        database: options ?? Database.current.ownerOptions, host: "test", processID: 1)
    configuration.stages = stages
    configuration.batchSize = batchSize
    configuration.poll = poll
    let worker = Worker(configuration, dispatch: dispatch, logger: logger)
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
