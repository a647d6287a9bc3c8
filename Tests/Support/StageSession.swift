import Countersign
import Engine
package import Postgres

extension Database {
    /// Options of a session as a stage's own, by a worker's login: for tests that call a stage themselves.
    package func stageOptions() async throws -> ConnectionOptions {
        let login = try await makeLogin("stage", in: .worker)
        let worker = try Worker(
            WorkerConfiguration(database: options(login: login), host: "test", processID: 1),
            sealer: .ofTests, dispatch: nil, logger: LogCapture.current.logger())
        return worker.context.sessionOptions(.validate)
    }
}
