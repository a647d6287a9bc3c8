import Countersign
import Postgres

/// The least that signs somebody in by rows of a database: the four calls of a sign-in and the two batches of a worker, in
/// bare tables. No login of its own rows, no check, no digest, no row security, no partition, no bell, no NOTIFY, no
/// lease, and nobody is kept from another's rows. What sign-ins could reach at most, of two plain inserts, is what this
/// reaches of them.
enum SignInFloor {
    /// Two tables of rows, three of what waits, and what a sign-in leaves behind: an event and a delivery. The waits sleep as
    /// those of the product do: as long as answers take lately.
    static let schema = """
        CREATE TABLE bench.floor_starts (LIKE bench.plain_requests, PRIMARY KEY (transaction_id));
        CREATE TABLE bench.floor_answers (LIKE bench.plain_submissions, PRIMARY KEY (submission_id));
        CREATE TABLE bench.floor_issues (transaction_id uuid PRIMARY KEY);
        CREATE TABLE bench.floor_codes (transaction_id uuid PRIMARY KEY, secret bytea);
        CREATE TABLE bench.floor_judgements (submission_id uuid PRIMARY KEY, transaction_id uuid);
        CREATE TABLE bench.floor_events (transaction_id uuid, type text, at timestamptz);
        CREATE TABLE bench.floor_deliveries (transaction_id uuid PRIMARY KEY, due_at timestamptz);
        \(wait("await_code", "DELETE FROM bench.floor_codes c WHERE c.transaction_id = id RETURNING encode(c.secret, 'hex')"));
        \(wait("await_verdict", "SELECT a.status FROM bench.floor_answers a WHERE a.submission_id = id AND a.status <> 'pending'"));
        GRANT ALL ON ALL TABLES IN SCHEMA bench TO countersign_portal, countersign_app;
        GRANT EXECUTE ON FUNCTION countersign.usual_wait, countersign.next_pause, countersign.note_wait
            TO countersign_portal, countersign_app
        """

    /// A function that sleeps and looks until there is a row.
    private static func wait(_ name: String, _ look: String) -> String {
        """
        CREATE FUNCTION bench.\(name)(id uuid) RETURNS text LANGUAGE plpgsql
        SET plan_cache_mode = force_generic_plan SET enable_seqscan = off SET jit = off AS $$
        DECLARE
            began timestamptz := clock_timestamp();
            usual double precision := countersign.usual_wait('bench.\(name)');
            looks integer := 0;
            answer text;
            slept text;
        BEGIN
            slept := pg_sleep(usual);
            LOOP
                \(look) INTO answer;
                EXIT WHEN answer IS NOT NULL;
                looks := looks + 1;
                slept := pg_sleep(countersign.next_pause(usual, looks));
            END LOOP;
            slept := countersign.note_wait('bench.\(name)', usual, looks, began);
            RETURN answer;
        END
        $$
        """
    }

    static let tables =
        "bench.floor_starts, bench.floor_answers, bench.floor_issues, bench.floor_codes, bench.floor_judgements, "
        + "bench.floor_events, bench.floor_deliveries"

    /// Sign-ins a second of as many clients as the product's, beside a session for each of the two batches.
    static func rate(_ bench: Bench) async throws -> Double {
        try await bench.reset()
        return try await withThrowingTaskGroup(of: Double?.self) { group in
            group.addTask { try await work(IssueFloor(), bench) }
            group.addTask { try await work(JudgeFloor(), bench) }
            group.addTask {
                try await runLoad(for: bench.scale.load) { try await FloorClient.connect($0, bench) }
                    .perSecond
            }
            defer { group.cancelAll() }
            while let rate = try await group.next() {
                if let rate { return rate }
            }
            throw BenchError("the floor of sign-ins was not measured")
        }
    }

    /// Batch after batch until cancelled, with the pauses of the product: as long as the last batch took, and 2 ms at least.
    private static func work(_ batch: some PreparedStatement & Sendable, _ bench: Bench) async throws
        -> Double?
    {
        var session = try await bench.database.connectAsSuperuser()
        while !Task.isCancelled {
            let start = ContinuousClock.now
            try await session.run(batch)
            let pause = max(.milliseconds(2), min(start.duration(to: .now), .milliseconds(8)))
            try? await Task.sleep(for: pause, tolerance: .zero)
        }
        return nil
    }
}

/// A visitor after the other, in those tables.
private struct FloorClient: LoadClient, ~Copyable {
    private var portal: Connection
    private var app: Connection
    private let portalID: Int32
    private let visit: Visit
    private let enrollment = Identifier.random().description

    static func connect(_ index: Int, _ bench: Bench) async throws -> FloorClient {
        let site = bench.installation.portal(ofClient: index)
        return FloorClient(
            portal: try await bench.database.connect(as: site.login),
            app: try await bench.database.connect(as: bench.installation.app), portalID: site.id,
            visit: Visit(ofClient: index))
    }

    mutating func perform() async throws {
        let id = try await portal.run(InsertFloorStart(visit: visit, portalID: portalID)).one()
        _ = try await portal.run(AwaitFloorCode(request: id)).one()
        let answer = try await app.run(InsertFloorAnswer(enrollment: enrollment, request: id)).one()
        _ = try await app.run(AwaitFloorVerdict(submission: answer)).one()
    }
}

struct InsertFloorStart: PreparedStatement {
    let visit: Visit
    let portalID: Int32

    static let statement = Statement(
        "floor start",
        """
        WITH start AS (\(InsertPlainRequest.insertion(into: "bench.floor_starts")))
        INSERT INTO bench.floor_issues SELECT transaction_id FROM start RETURNING transaction_id
        """)
    var parameters: [Parameter] { visit.parameters + [.int32(portalID)] }

    static func decode(_ row: inout RowReader) throws -> Identifier { try row.identifier("transaction_id") }
}

struct AwaitFloorCode: PreparedStatement {
    let request: Identifier

    static let statement = Statement("await floor code", "SELECT bench.await_code($1) AS code")
    var parameters: [Parameter] { [.identifier(request)] }

    static func decode(_ row: inout RowReader) throws -> String { try row.text("code") }
}

struct InsertFloorAnswer: PreparedStatement {
    let enrollment: String
    let request: Identifier

    static let statement = Statement(
        "floor answer",
        """
        WITH answer AS (\(InsertPlainSubmission.insertion(into: "bench.floor_answers", for: "$2")))
        INSERT INTO bench.floor_judgements SELECT submission_id, $2 FROM answer RETURNING submission_id
        """)
    var parameters: [Parameter] { [.text(enrollment), .identifier(request)] }

    static func decode(_ row: inout RowReader) throws -> Identifier { try row.identifier("submission_id") }
}

struct AwaitFloorVerdict: PreparedStatement {
    let submission: Identifier

    static let statement = Statement("await floor verdict", "SELECT bench.await_verdict($1) AS verdict")
    var parameters: [Parameter] { [.identifier(submission)] }

    static func decode(_ row: inout RowReader) throws -> String { try row.text("verdict") }
}

/// A code for each that waits for one.
struct IssueFloor: PreparedStatement {
    static let statement = Statement(
        "floor issue",
        """
        WITH claimed AS (
            DELETE FROM bench.floor_issues WHERE transaction_id IN (
                SELECT transaction_id FROM bench.floor_issues LIMIT \(Scale.batchSize) FOR UPDATE SKIP LOCKED)
            RETURNING transaction_id
        ), issued AS (
            UPDATE bench.floor_starts r
            SET status = 'issued', issued_at = clock_timestamp(), secret_digest = sha256(uuid_send(c.transaction_id))
            FROM claimed c WHERE r.transaction_id = c.transaction_id RETURNING r.transaction_id
        )
        INSERT INTO bench.floor_codes SELECT transaction_id, sha256(uuid_send(transaction_id)) FROM issued
        """)
}

/// A verdict for each answer that waits for one.
struct JudgeFloor: PreparedStatement {
    static let statement = Statement(
        "floor judge",
        """
        WITH claimed AS (
            DELETE FROM bench.floor_judgements WHERE submission_id IN (
                SELECT submission_id FROM bench.floor_judgements LIMIT \(Scale.batchSize) FOR UPDATE SKIP LOCKED)
            RETURNING submission_id, transaction_id
        ), judged AS (
            UPDATE bench.floor_answers a SET status = 'accepted', resolved_at = clock_timestamp()
            FROM claimed c WHERE a.submission_id = c.submission_id
        ), ended AS (
            UPDATE bench.floor_starts r
            SET status = 'authenticated', resolved_at = clock_timestamp(), open_until = NULL, user_id = 'user'
            FROM claimed c WHERE r.transaction_id = c.transaction_id RETURNING r.transaction_id
        ), told AS (
            INSERT INTO bench.floor_events SELECT transaction_id, 'request.authenticated', clock_timestamp() FROM ended
        )
        INSERT INTO bench.floor_deliveries SELECT transaction_id, clock_timestamp() FROM ended
        """)
}
