import Countersign
import Postgres

/// What the doctor asks the database, a query each. Its rows are (grade, finding, advice, remedy, hands, is_safe); no row
/// is well. $1 is what the names of the installation's groups begin with.
package enum DoctorCheck: CaseIterable {
    case indexes, roles, ownership, publicRights, serverRights, sharedGroups, connections, locks, settings,
        encoding, standbys, partitions, bloat, snapshots, autovacuum, workers, statementLog, notifications

    var title: String {
        switch self {
        case .publicRights: "rights of PUBLIC"
        case .serverRights: "rights on the server"
        case .sharedGroups: "installations"
        case .partitions: "old partitions"
        case .statementLog: "statement log"
        default: "\(self)"
        }
    }

    func findings(_ connection: inout Connection, of installation: Installation) async throws -> [Finding] {
        let found = try await connection.run(RunCheck(check: self, prefix: installation.prefix)).all()
        guard !found.isEmpty else { return [Finding(title, .ok, wellness)] }
        return found.map {
            Finding(title, Finding.Grade(rawValue: $0.grade) ?? .warning, $0.finding, $0.advice, $0.remedy)
        }
    }

    private var wellness: String {
        switch self {
        case .indexes: "all are valid"
        case .roles: "all groups are there and nobody is in too many"
        case .ownership: "everything is the owner's"
        case .publicRights: "none"
        case .serverRights: "portals may do to the server what they need"
        case .sharedGroups: "the groups are this one's alone"
        case .connections: "there are enough for all logins"
        case .locks: "there is room for all partitions"
        case .settings: "no transaction is read-only or isolated by default"
        case .encoding: "UTF8"
        case .standbys: "none can lose what was over"
        case .partitions: "are dropped"
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
    let prefix: String

    struct Output: Sendable {
        let grade: String
        let finding: String
        let advice: String
        let remedy: Remedy?
    }

    static var members: [Statement] { DoctorCheck.allCases.map(statement) }
    var statement: Statement { Self.statement(check) }
    var parameters: [Parameter] { [.text(prefix)] }

    private static func statement(_ check: DoctorCheck) -> Statement {
        Statement(
            "doctor.\(check)",
            """
            WITH installation AS (SELECT $1::text AS prefix), ours AS (
                SELECT (prefix || kind)::name AS name, kind
                FROM installation, unnest(ARRAY['portal', 'app', 'gateway', 'worker', 'monitor', 'admin']) AS kind
            ), login AS (
                SELECT login, 'portal' AS kind, name FROM countersign.portals
                UNION ALL SELECT login, 'app', name FROM countersign.apps
            ), \(OwnerRights.tables)
            SELECT * FROM (\(check.sql)) AS found (grade, finding, advice, remedy, hands, is_safe)
            """)
    }

    static func decode(_ row: inout RowReader) throws -> Output {
        let (grade, finding) = (try row.text("grade"), try row.text("finding"))
        let advice = try row.text("advice")
        let text = try row.optionalText("remedy")
        let hands = Remedy.Hands(rawValue: try row.text("hands")) ?? .superuser
        let isSafe = try row.bool("is_safe")
        // As one text: a name in it may hold the end of a line.
        return Output(
            grade: grade, finding: finding, advice: advice,
            remedy: text.map { Remedy([$0], by: hands, isSafe: isSafe) })
    }
}
