import Foundation
import Postgres

/// What every figure is measured with.
struct Bench: Sendable {
    let database: BenchDatabase
    let installation: Installation
    let scale: Scale
    /// The `countersign` program.
    let program: URL

    /// Starts a worker with these stages, gives it to the body and stops it.
    func withWorker<T>(
        stages: String = WorkerProcess.allButCallbacks, _ more: [String] = [], onOneCore: Bool = false,
        _ body: (WorkerProcess) async throws -> T
    ) async throws -> T {
        let worker = try await WorkerProcess.start(
            program, stages: stages, more, onOneCore: onOneCore, database, installation)
        let result: T
        do {
            result = try await body(worker)
        } catch {
            await worker.stop()
            throw error
        }
        await worker.stop()
        return result
    }

    /// Forgets all requests, so that every round begins alike.
    func reset() async throws {
        var superuser = try await database.connectAsSuperuser()
        try await superuser.execute(
            """
            TRUNCATE countersign.auth_requests, countersign.issue_queue, countersign.otp_secrets,
                countersign.submissions, countersign.validate_queue, countersign.webhook_deliveries,
                countersign.webhook_attempts, countersign.webhook_endpoints, countersign.webhook_endpoint_counts,
                countersign.dead_deliveries, countersign.dispatch_queue, countersign.events,
                countersign.enrollments, countersign.server_keys
            """)
        try await ReferenceTables.reset(&superuser)
        try await settle(&superuser)
    }

    /// Has vacuum and checkpoint behind it, so that they come in no round.
    func settle(_ superuser: inout Connection) async throws {
        try await superuser.execute(
            """
            VACUUM (ANALYZE) countersign.auth_requests, countersign.issue_queue, countersign.otp_secrets,
                countersign.submissions, countersign.validate_queue, countersign.portals,
                countersign.webhook_deliveries, countersign.dispatch_queue
            """)
        try await superuser.execute("CHECKPOINT")
    }
}
