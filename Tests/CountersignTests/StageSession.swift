import Engine
import Postgres
import Support

extension Database {
    /// Options of a session as a stage's own, by a worker's login: for tests that call a stage themselves.
    func stageOptions() async throws -> ConnectionOptions {
        let login = try await makeLogin("stage", in: .worker)
        let worker = try Worker(
            WorkerConfiguration(database: options(login: login), host: "test", processID: 1),
            sealer: .ofTests, dispatch: nil, logger: LogCapture.current.logger())
        return worker.context.sessionOptions("stage")
    }
}
