import Administration
import Postgres
import Support
import Testing

// What the current test's database says of a stage, and rows for its queues, put there without their triggers.

func depth(_ stage: String) async throws -> SystemStatus.Queue {
    var owner = try await Database.current.connect()
    return try #require(try await SystemStatus.read(&owner).queues.first { $0.stage == stage })
}

/// An estimate that says so and is within 20 %.
func expectEstimate(_ stage: String, of rows: Int) async throws {
    var found: SystemStatus.Queue?
    // The server's counts are up to a second old, those of a session that idles ten.
    try await eventually("\(stage) is estimated") {
        found = try await depth(stage)
        return found.map { abs($0.waiting - rows) <= rows / 5 } ?? false
    }
    #expect(found?.isEstimate == true)
}

func count(_ rows: String) async throws -> Int {
    var owner = try await Database.current.connect()
    return try await owner.execute("SELECT count(*) FROM \(rows)")[0].int(0)
}

/// Runs it with triggers and foreign keys off.
private func arrange(_ sql: String) async throws {
    var superuser = try await Database.current.connectAsSuperuser()
    try await superuser.execute("SET session_replication_role = replica; \(sql)")
}

func fillQueue(_ rows: Int) async throws {
    try await arrange(
        """
        INSERT INTO countersign.issue_queue (portal_id, transaction_id)
        SELECT n % 7, countersign.uuid_v7() FROM generate_series(1, \(rows)) n
        """)
}

func drainQueue(_ condition: String = "true") async throws {
    try await arrange("DELETE FROM countersign.issue_queue WHERE \(condition)")
}

/// Requests that were started three minutes before `due`, an expression with n.
func fillRequests(_ rows: Int, dueAt due: String) async throws {
    try await arrange(
        """
        INSERT INTO countersign.auth_requests (transaction_id, requested_at, expires_at, open_until, portal_id,
                                               status, auth_type, method, callback_uri, message)
        SELECT \(identifier("due - interval '3 min'")), due - interval '3 min', due, due, 1, 'issued', 'qr-code',
               'otp', 'https://acme.example/cb', 'x'
        FROM (SELECT \(due) AS due FROM generate_series(1, \(rows)) n) AS x
        """)
}

func endRequests(_ condition: String = "true") async throws {
    try await arrange(
        """
        UPDATE countersign.auth_requests SET open_until = NULL, resolved_at = clock_timestamp(), status = 'expired'
        WHERE \(condition)
        """)
}

/// Enrollments that were made at `time`, an expression with n.
func fillEnrollments(_ rows: Int, status: String, at time: String) async throws {
    try await arrange(
        """
        INSERT INTO countersign.enrollments (enrollment_id, created_at, app_id, status, user_id, device_id)
        SELECT \(identifier("at")), at, 1, '\(status)', gen_random_uuid()::text, 'phone'
        FROM (SELECT \(time) AS at FROM generate_series(1, \(rows)) n) AS x;
        INSERT INTO countersign.apps (app_id, login, name) VALUES (1, 'mobile', 'mobile') ON CONFLICT DO NOTHING
        """)
}

func activateEnrollments() async throws {
    try await arrange("UPDATE countersign.enrollments SET status = 'active' WHERE status = 'pending'")
}

/// As after a crash, when the server's counts begin at zero.
func forgetCounts(of table: String = "issue_queue") async throws {
    var superuser = try await Database.current.connectAsSuperuser()
    let table = "'countersign.\(table)'::regclass"
    try await eventually("they are forgotten, and no late report brings them back") {
        try await superuser.execute("SELECT pg_stat_reset_single_table_counters(\(table))")
        return try await superuser.execute("SELECT pg_stat_get_live_tuples(\(table))")[0].int(0) == 0
    }
}

/// Another one than all the others of that moment.
private func identifier(_ moment: String) -> String {
    "(left(countersign.uuid_floor(\(moment))::text, 19) || right(gen_random_uuid()::text, 17))::uuid"
}
