import Foundation
import Postgres

/// What every figure is measured with.
struct Bench: Sendable {
    let database: BenchDatabase
    let installation: Installation
    let scale: Scale
    /// The `countersign` program.
    let program: URL
    /// The virtual environments of other queues; nil where they are not measured.
    var peers: URL?

    /// Of the checkout, beside whose build folder everything runs.
    var scripts: URL { URL(filePath: "scripts") }

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

    /// The same on a database of its own that has just been made, which is dropped afterwards.
    func withNewDatabase<T>(_ body: (Bench) async throws -> T) async throws -> T {
        try await BenchDatabase.with(on: database.server) { new in
            var superuser = try await new.connectAsSuperuser()
            try await ReferenceTables.create(&superuser)
            let bench = Bench(
                database: new, installation: try await Installation.make(in: new), scale: scale,
                program: program)
            return try await body(bench)
        }
    }

    /// Forgets all requests, so that every round begins alike.
    func reset() async throws {
        var superuser = try await database.connectAsSuperuser()
        let tables = try await leaves(Self.emptied, "pg_relation_size(c.oid) > 0", &superuser)
        if !tables.isEmpty { try await superuser.execute("TRUNCATE \(tables.joined(separator: ", "))") }
        try await ReferenceTables.reset(&superuser)
        try await settle(&superuser)
    }

    /// Has vacuum and checkpoint behind it, so that they come in no round. Partitions that hold nothing, and whose
    /// statistics say so, are left alone.
    func settle(_ superuser: inout Connection) async throws {
        let tables = try await leaves(
            Self.emptied + ["portals"], "(pg_relation_size(c.oid) > 0 OR c.reltuples <> 0)", &superuser)
        if !tables.isEmpty {
            try await superuser.execute("VACUUM (ANALYZE) \(tables.joined(separator: ", "))")
        }
        try await superuser.execute("CHECKPOINT")
    }

    private static let emptied = [
        "auth_requests", "issue_queue", "otp_secrets", "submissions", "validate_queue", "webhook_deliveries",
        "webhook_attempts", "webhook_endpoints", "webhook_endpoint_counts", "dead_deliveries",
        "dispatch_queue", "events", "enrollments", "server_keys",
    ]

    /// These tables and the partitions of these, as far as the condition about `pg_class c` holds.
    private func leaves(
        _ tables: [String], _ condition: String, _ superuser: inout Connection
    ) async throws -> [String] {
        let names = tables.map { "'countersign.\($0)'::regclass" }.joined(separator: ", ")
        return try await superuser.execute(
            """
            SELECT c.oid::regclass::text FROM pg_class c LEFT JOIN pg_inherits i ON i.inhrelid = c.oid
            WHERE c.relkind = 'r' AND coalesce(i.inhparent, c.oid) IN (\(names)) AND \(condition)
            """
        ).map { try $0.text(0) }
    }
}
