import Countersign
import Crypto
import Postgres

/// Whether the database's record of migrations is that of this program's files.
enum MigrationRecord {
    static func findings(_ connection: inout Connection) async throws -> [Finding] {
        let status = try await Program.migrator().status(&connection)
        let changed = status.entries.filter { $0.state == .changed }.map(changed)
        guard changed.isEmpty else { return changed }
        if let problem = status.problems.first {
            return [Finding("migrations", .error, "\(problem)", "Use the program that this database is of.")]
        }
        guard status.pendingCount > 0 else { return [Finding("migrations", .ok, "all are applied")] }
        let files = status.pendingCount == 1 ? "1 file is" : "\(status.pendingCount) files are"
        return [
            Finding(
                "migrations", .error, "\(files) not applied", "Migrate.",
                Remedy(["countersign migrate up"], by: .shell))
        ]
    }

    private static func changed(_ entry: MigrationEntry) -> Finding {
        let file = embeddedMigrations.first { $0.name == entry.name }
        let digest = hexadecimal(Array(SHA256.hash(data: Array((file?.text ?? "").utf8))))
        return Finding(
            "migrations", .error, "\(entry.name) is not the file that was applied",
            "When drift says that all is as it should be, only the record is wrong, and this mends it.",
            Remedy([
                "UPDATE countersign.schema_migrations SET name = \(quotedLiteral(entry.name)), "
                    + "checksum = '\(digest)' WHERE version = \(entry.version);"
            ]))
    }
}
