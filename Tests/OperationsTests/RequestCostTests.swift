import Administration
import Countersign
import Postgres
import Support
import Testing

/// What the page of a request reads is a matter of that request, however many others there are of its minute, and whatever
/// statistics believe of them.
@Suite(.database) struct RequestCostTests {
    enum State: String, CaseIterable {
        case neverAnalysed, analysedWhenEmpty, analysed
    }

    /// Pages that a statement may touch. To walk along the submissions of the request's time touches 1,500.
    private static let pages = 60

    @Test(arguments: State.allCases) func `one request among many`(state: State) async throws {
        _ = try await ConsolePortal.make()
        if state == .analysedWhenEmpty { try await Database.current.arrangeAsSuperuser("ANALYZE") }
        let id = try await arrange()
        if state == .analysed { try await Database.current.arrangeAsSuperuser("ANALYZE") }
        var owner = try await Database.current.connect()
        let life = try #require(try await RequestLife.read(id, withBodies: true, &owner))
        #expect(life.submissions.map(\.action) == ["scan", "accept", "accept"])
        let statements = AdministrationStatements.all.flatMap { $0.members }
        for (name, parameters) in [
            ("request.read_as_admin", []), ("request.submissions", []), ("request.submissions_as_admin", []),
            ("request.delivery", []), ("request.person", []), ("webhook.attempts", []),
            ("webhook.attempts_with_body", []),
            ("request.events", [.timestamp(life.request.requestedAt)]),
        ] as [(String, [Parameter])] {
            let statement = try #require(statements.first { $0.name == name }, "\(name)")
            let read = try await pagesRead(statement, [.identifier(id)] + parameters)
            #expect(read < Self.pages, "\(state): \(name)")
        }
    }

    /// Requests of one minute, each with a scan and an answer, and with an answer that came too late; one of them.
    private func arrange() async throws -> Identifier {
        try await Database.current.arrangeAsSuperuser(
            """
            SET session_replication_role = replica;
            INSERT INTO countersign.apps (app_id, login, name) VALUES (1, 'mobile', 'mobile');
            INSERT INTO countersign.auth_requests (transaction_id, requested_at, expires_at, issued_at, scanned_at, resolved_at,
                portal_id, app_id, status, auth_type, method, callback_uri, message, user_id)
            SELECT (left(countersign.uuid_floor(at)::text, 19) || right(gen_random_uuid()::text, 17))::uuid, at,
                   at + interval '3 min', at, at, at + interval '15 s', 1, 1, 'authenticated', 'qr-code', 'otp',
                   'https://acme.example/cb', 'x', 'user-' || n
            FROM (SELECT n, now() - interval '3 min' + n * interval '2 ms' AS at FROM generate_series(1, 20000) n) AS x;
            INSERT INTO countersign.submissions (submission_id, submitted_at, resolved_at, app_id, status, reason, action,
                transaction_id)
            SELECT (left(countersign.uuid_floor(at)::text, 19) || right(gen_random_uuid()::text, 17))::uuid, at, at, 1,
                   CASE WHEN reason IS NULL THEN 'accepted' ELSE 'rejected' END, reason, action, transaction_id
            FROM (SELECT transaction_id, requested_at + after AS at, action, reason FROM countersign.auth_requests,
                  (VALUES ('scan', interval '9 s', NULL), ('accept', interval '15 s', NULL),
                          ('accept', interval '20 s', 'already_used')) s (action, after, reason) ORDER BY 2) AS x;
            INSERT INTO countersign.webhook_deliveries (transaction_id, created_at, finished_at, portal_id, status,
                request_status, callback_uri, attempts)
            SELECT transaction_id, resolved_at, resolved_at, 1, 'dead', status, callback_uri, 1 FROM countersign.auth_requests;
            INSERT INTO countersign.webhook_attempts (transaction_id, attempt, started_at, duration_ms, status_code,
                error_class, detail)
            SELECT transaction_id, 1, resolved_at, 17, 404, 'status', 'it answered 404' FROM countersign.auth_requests;
            INSERT INTO countersign.events (event_id, occurred_at, type, transaction_id, details)
            SELECT (left(countersign.uuid_floor(resolved_at)::text, 19) || right(gen_random_uuid()::text, 17))::uuid,
                   resolved_at, 'request.authenticated', transaction_id, '{}' FROM countersign.auth_requests
            """)
        var owner = try await Database.current.connect()
        return try await owner.execute(
            "SELECT transaction_id FROM countersign.auth_requests WHERE user_id = 'user-10000'")[0]
            .identifier(0)
    }
}
