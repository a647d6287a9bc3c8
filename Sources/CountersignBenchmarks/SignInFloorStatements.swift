import Countersign
import Postgres

/// A statement of the floor, in the tables of each.
protocol FloorStatement: StatementFamily {
    var floor: SignInFloor { get }
    static var statements: FloorStatements { get }
}

/// The same for each floor.
struct FloorStatements {
    let all: [Statement]

    init(_ name: String, _ sql: (SignInFloor) -> String) {
        all = SignInFloor.allCases.map { Statement("\($0) \(name)", sql($0)) }
    }

    subscript(floor: SignInFloor) -> Statement { all[SignInFloor.allCases.firstIndex(of: floor)!] }
}

extension FloorStatement {
    static var members: [Statement] { statements.all }
    var statement: Statement { Self.statements[floor] }
}

struct InsertFloorRequest: FloorStatement {
    let floor: SignInFloor
    let visit: Visit
    let portalID: Int32

    static let statements = FloorStatements("request") { floor in
        floor == .checked
            ? InsertRequest.insertion(into: floor.requests, returning: "transaction_id")
            : """
            WITH request AS (\(InsertPlainRequest.insertion(into: floor.requests, id: floor.newID)))
            INSERT INTO \(floor.issues) (portal_id, transaction_id) SELECT $3, transaction_id FROM request RETURNING transaction_id
            """
    }
    var parameters: [Parameter] { visit.parameters + [floor == .checked ? .null : .int32(portalID)] }

    static func decode(_ row: inout RowReader) throws -> Identifier { try row.identifier("transaction_id") }
}

struct AwaitFloorCode: FloorStatement {
    let floor: SignInFloor
    let request: Identifier

    static let statements = FloorStatements("code") { "SELECT bench.\($0)_code($1) AS code" }
    var parameters: [Parameter] { [.identifier(request)] }

    static func decode(_ row: inout RowReader) throws -> String { try row.text("code") }
}

struct InsertFloorSubmission: FloorStatement {
    let floor: SignInFloor
    let enrollment: String
    let request: Identifier

    static let statements = FloorStatements("submission") { floor in
        floor == .checked
            ? """
            INSERT INTO \(floor.submissions) (enrollment_id, action, transaction_id, enrollment)
            VALUES ($1, 'accept', $2, $1::text::uuid) RETURNING submission_id
            """
            : """
            WITH answer AS (\(InsertPlainSubmission.insertion(into: floor.submissions, id: floor.newID, for: "$2")))
            INSERT INTO \(floor.judgements) (app_id, submission_id, enrollment_id)
            SELECT 1, submission_id, $1::text::uuid FROM answer RETURNING submission_id
            """
    }
    var parameters: [Parameter] { [.text(enrollment), .identifier(request)] }

    static func decode(_ row: inout RowReader) throws -> Identifier { try row.identifier("submission_id") }
}

struct AwaitFloorVerdict: FloorStatement {
    let floor: SignInFloor
    let submission: Identifier

    static let statements = FloorStatements("verdict") { "SELECT bench.\($0)_verdict($1) AS verdict" }
    var parameters: [Parameter] { [.identifier(submission)] }

    static func decode(_ row: inout RowReader) throws -> String { try row.text("verdict") }
}

/// A code for each that waits for one.
struct IssueFloor: FloorStatement {
    let floor: SignInFloor

    static let statements = FloorStatements("issue") { floor in
        """
        WITH claimed AS (
            DELETE FROM \(floor.issues) WHERE ctid = ANY (ARRAY(
                SELECT ctid FROM \(floor.issues) LIMIT \(Scale.batchSize) FOR UPDATE SKIP LOCKED))
            RETURNING transaction_id
        ), issued AS (
            UPDATE \(floor.requests) r
            SET status = 'issued', issued_at = clock_timestamp(), secret_digest = sha256(uuid_send(c.transaction_id))
            FROM claimed c WHERE r.transaction_id = c.transaction_id AND \(floor.isRecent("r.transaction_id"))
            RETURNING r.transaction_id, r.expires_at, r.portal_id
        )
        INSERT INTO \(floor.codes) (transaction_id, expires_at, portal_id, secret)
        SELECT transaction_id, expires_at, portal_id, sha256(uuid_send(transaction_id)) FROM issued
        """
    }
}

/// A verdict for each answer that waits for one.
struct JudgeFloor: FloorStatement {
    let floor: SignInFloor

    static let statements = FloorStatements("judge") { floor in
        """
        WITH claimed AS (
            DELETE FROM \(floor.judgements) WHERE ctid = ANY (ARRAY(
                SELECT ctid FROM \(floor.judgements) LIMIT \(Scale.batchSize) FOR UPDATE SKIP LOCKED))
            RETURNING submission_id, enrollment_id
        ), judged AS (
            UPDATE \(floor.submissions) a SET status = 'accepted', resolved_at = clock_timestamp()
            FROM claimed c WHERE a.submission_id = c.submission_id AND \(floor.isRecent("a.submission_id"))
            RETURNING a.transaction_id, c.enrollment_id
        ), ended AS (
            UPDATE \(floor.requests) r
            SET status = 'authenticated', resolved_at = clock_timestamp(), open_until = NULL, user_id = 'user',
                device_id = 'phone', enrollment_id = j.enrollment_id, app_id = 1, ip_address = NULL
            FROM judged j, \(floor.requests) o
            WHERE r.transaction_id = j.transaction_id AND \(floor.isRecent("r.transaction_id"))
              AND o.transaction_id = j.transaction_id AND \(floor.isRecent("o.transaction_id"))
            RETURNING r.transaction_id, r.enrollment_id, r.portal_id, r.requested_at, r.auth_type, r.reference, o.ip_address
        )
        INSERT INTO \(floor.events) (event_id, occurred_at, written_in, transaction_id, enrollment_id, portal_id, app_id, type,
                                     user_id, requested_at, auth_type, reference, ip_address, actor, details)
        SELECT \(floor.newID), clock_timestamp(), pg_current_xact_id(), transaction_id, enrollment_id, portal_id, 1,
               'request.authenticated', 'user', requested_at, auth_type, reference, ip_address, session_user, '{}' FROM ended
        """
    }
}
