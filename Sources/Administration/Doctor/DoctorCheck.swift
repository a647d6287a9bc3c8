import Countersign
import Postgres

/// What the doctor asks the database, a query each. Its rows are (grade or NULL for well, finding, advice); no row is
/// well, too.
package enum DoctorCheck: CaseIterable {
    case schema, indexes, roles, publicRights, bloat, snapshots, autovacuum, workers, statementLog,
        notifications

    var title: String {
        switch self {
        case .publicRights: "rights of PUBLIC"
        case .statementLog: "statement log"
        default: "\(self)"
        }
    }

    func findings(_ connection: inout Connection) async throws -> [Finding] {
        if self == .schema { return try await drift(&connection) }
        let found = try await connection.run(RunCheck(check: self)).all().map { found in
            Finding(title, Finding.Grade(rawValue: found.grade) ?? .warning, found.finding, found.advice)
        }
        return found.isEmpty ? [Finding(title, .ok, wellness)] : found
    }

    /// At most 20 objects by name: more than that is another schema.
    private func drift(_ connection: inout Connection) async throws -> [Finding] {
        let version = try await connection.run(ReadClock()).one().schemaVersion
        guard version == Program.number else { return [otherProgram(version)] }
        let found = try await SchemaListing.read(&connection)
        let drift = SchemaDifference.all(expected: embeddedSchema, found: found)
        guard !drift.isEmpty else {
            return [Finding("drift", .ok, "every object is as the migrations make it")]
        }
        let more = drift.count > 20 ? "\(drift.count - 20) more objects differ" : nil
        return drift.prefix(20).map { Finding("drift", .error, $0.finding, $0.advice) }
            + [more].compactMap(\.self).map {
                Finding(
                    "drift", .error, $0,
                    "`countersign migrate status` shows whether this database is of this program.")
            }
    }

    /// What differs would be the work of that program's files.
    private func otherProgram(_ version: Int) -> Finding {
        Finding(
            "drift", .warning,
            "the schema is at version \(version) and this program at \(Program.number), so objects were not compared",
            version > Program.number
                ? "Examine with the newer program." : "Run `countersign migrate up`, and examine again.")
    }

    private var wellness: String {
        switch self {
        case .schema, .indexes: "all are valid"
        case .roles: "all groups are there and nobody is in too many"
        case .publicRights: "none"
        case .bloat: "no queue has many dead rows"
        case .snapshots: "nobody holds an old one"
        case .autovacuum: "runs"
        case .workers: "every stage has one, all of one program"
        case .statementLog: "does not take statements"
        case .notifications: "the queue is nearly empty"
        }
    }
}

/// What a check finds.
struct RunCheck: StatementFamily {
    let check: DoctorCheck

    struct Output: Sendable {
        let grade: String
        let finding: String
        let advice: String
    }

    static var members: [Statement] { DoctorCheck.allCases.filter { $0 != .schema }.map(statement) }
    var statement: Statement { Self.statement(check) }

    private static func statement(_ check: DoctorCheck) -> Statement {
        Statement("doctor.\(check)", "SELECT * FROM (\(check.sql)) AS found (grade, finding, advice)")
    }

    static func decode(_ row: inout RowReader) throws -> Output {
        Output(grade: try row.text("grade"), finding: try row.text("finding"), advice: try row.text("advice"))
    }
}
