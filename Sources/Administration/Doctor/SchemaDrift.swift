import Countersign
import Postgres

/// What the schema has beside what the migrations make, or has not.
enum SchemaDrift {
    /// At most 20 objects by name: more than that is another schema.
    static func findings(
        _ connection: inout Connection, of installation: Installation
    ) async throws -> [Finding] {
        let version = try await connection.run(ReadClock()).one().schemaVersion
        guard version == Program.number else { return [otherProgram(version)] }
        let found = try await SchemaListing.read(&connection, of: installation)
        let drift = SchemaDifference.all(expected: embeddedSchema, found: found)
        guard !drift.isEmpty else {
            return [Finding("drift", .ok, "every object is as the migrations make it")]
        }
        let told = drift.prefix(20).map { difference in
            Finding(
                "drift", .error, difference.finding, difference.advice, difference.remedy(of: installation))
        }
        guard drift.count > 20 else { return told }
        return told + [
            Finding(
                "drift", .error, "\(drift.count - 20) more objects differ",
                "This shows whether this database is of this program.",
                Remedy(["countersign migrate status"], by: .shell))
        ]
    }

    /// What differs would be the work of that program's files.
    private static func otherProgram(_ version: Int) -> Finding {
        Finding(
            "drift", .warning,
            "the schema is at version \(version) and this program at \(Program.number), so objects were not compared",
            version > Program.number ? "Examine with the newer program." : "Migrate, and examine again.",
            version > Program.number ? nil : Remedy(["countersign migrate up"], by: .shell))
    }
}
