import Postgres
import Support
import Synchronization
import Testing

func file(_ number: Int, _ sql: String, minimum: Int = 0, _ directive: String = "") -> MigrationFile {
    let directives = "-- minimum-binary: \(minimum)\n" + (directive.isEmpty ? "" : "-- \(directive)\n")
    return MigrationFile(name: "000\(number)_m.sql", text: directives + sql)
}

/// A migrator of schema `app` with one transactional file for each text.
func migrator(_ sql: String..., limits: Migrator.Limits = Migrator.Limits()) throws -> Migrator {
    let files = sql.enumerated().map { file($0.offset + 1, $0.element) }
    return try Migrator(files, schema: "app", limits: limits)
}

/// Gives way after 50 ms and comes back at once, for as long as a test may take.
var impatient: Migrator.Limits {
    var limits = Migrator.Limits()
    limits.pause = .milliseconds(5)
    limits.pauseLimit = .milliseconds(20)
    return limits
}

/// `up` and `verify` both say so.
func expectRefusal(
    _ migrator: Migrator, _ description: String, _ connection: inout Connection,
    sourceLocation: SourceLocation = #_sourceLocation
) async throws {
    do {
        try await migrator.up(&connection)
        Issue.record("up refused nothing", sourceLocation: sourceLocation)
    } catch {
        #expect(error.description == description, sourceLocation: sourceLocation)
    }
    do {
        _ = try await migrator.verify(&connection)
        Issue.record("verify refused nothing", sourceLocation: sourceLocation)
    } catch {
        #expect(error.description == description, sourceLocation: sourceLocation)
    }
}

/// The first column, without NULLs.
func texts(_ sql: String, _ connection: inout Connection) async throws -> [String] {
    try await connection.execute(sql).compactMap { try $0.optionalText(0) }
}

/// Without what was tried again: on a busy machine that is chance.
final class ProgressLog: Sendable {
    private let storage = Mutex<[String]>([])

    var lines: [String] { storage.withLock(\.self) }

    func add(_ progress: MigrationProgress) {
        if case .retrying = progress { return }
        storage.withLock { $0.append(progress.description) }
    }
}
