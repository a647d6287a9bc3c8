import Countersign
import Engine
import Foundation
import Postgres
import Support
import Testing

/// Batches that the server takes too long for.
@Suite(.database) struct BatchTimeoutTests {
    /// 200 rows of 20 ms each take four seconds, and a statement may take one.
    @Test func `a batch that takes too long is halved until one passes, and that is said once`() async throws
    {
        let site = try await Site.make()
        try await site.load(200)
        try await Database.current.arrangeAsSuperuser(
            """
            CREATE FUNCTION public.slow() RETURNS trigger LANGUAGE plpgsql AS
                $$ BEGIN PERFORM pg_sleep(0.02); RETURN NEW; END $$;
            CREATE TRIGGER slow BEFORE UPDATE ON countersign.auth_requests
                FOR EACH ROW WHEN (NEW.status = 'expired') EXECUTE FUNCTION public.slow();
            UPDATE countersign.auth_requests SET expires_at = clock_timestamp(), open_until = clock_timestamp();
            """)
        try await withWorker(stages: [.expire], statementLimit: .seconds(1)) { _ in
            let open = "SELECT count(*) FROM countersign.auth_requests WHERE status <> 'expired'"
            try await Database.current.wait(until: open, is: 0)
        }
        let said = LogCapture.current.lines.filter { $0.contains("batch took too long") }
        #expect(said.count == 1 && said[0].contains("stage=expire") && said[0].contains("[57014]"), "\(said)")
        #expect(!LogCapture.current.text.contains("batch failed"))
    }

    /// Each batch begins where the one before has ended. Looked for from the beginning each time, 300,000 rows ended a stage for
    /// good: a batch read all that had ended before it, which is half of the rows in the middle.
    @Test func `tens of thousands that fall due together end, and no batch reads what others have ended`()
        async throws
    {
        let rows = 20_000
        let site = try await Site.make()
        try await Database.current.arrangeAsSuperuser(
            """
            SET session_replication_role = replica;
            INSERT INTO countersign.auth_requests (transaction_id, requested_at, expires_at, open_until, portal_id,
                                                   status, auth_type, method, callback_uri, message)
            SELECT countersign.uuid_v7(), now(), now(), now() - n * interval '1 ms', \(site.portalID), 'issued', 'qr-code',
                   'otp', '\(Site.callback)', 'Sign in' FROM generate_series(1, \(rows)) AS n;
            """)
        // What ended before is not cleaned away while somebody might still look at it.
        var old = try await Database.current.connect()
        try await old.execute(
            "BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT count(*) FROM countersign.settings")
        // A poll looks from the beginning.
        try await withWorker(stages: [.expire], poll: .seconds(3_600)) { _ in
            let open = "SELECT count(*) FROM countersign.auth_requests WHERE status <> 'expired'"
            try await Database.current.wait(until: open, is: 0)
        }
        #expect(!LogCapture.current.text.contains("57014"))
        let read = """
            SELECT sum(idx_tup_read)::bigint FROM pg_stat_user_indexes WHERE indexrelname ~ '^auth_requests_.*open_until'
            """
        // Told by the worker's session when it has ended.
        try await eventually("it is counted") { try await Database.current.count(read) >= rows }
        let total = try await Database.current.count(read)
        #expect(total < 8 * rows)
    }

    /// A batch of more than 400 takes longer than a statement may, however few are left. With COUNTERSIGN_TEST_ROWS=300000
    /// it takes minutes, and ends as well.
    @Test func `all that fall due together end, by batches that are in time`() async throws {
        let rows = ProcessInfo.processInfo.environment["COUNTERSIGN_TEST_ROWS"].flatMap { Int($0) } ?? 10_000
        let site = try await Site.make()
        try await Database.current.arrangeAsSuperuser(
            """
            SET session_replication_role = replica;
            SET statement_timeout = 0;
            INSERT INTO countersign.auth_requests (transaction_id, requested_at, expires_at, open_until, portal_id,
                                                   status, auth_type, method, callback_uri, message)
            SELECT countersign.uuid_v7(), now(), now(), now(), \(site.portalID), 'issued', 'qr-code', 'otp',
                   '\(Site.callback)', 'Sign in' FROM generate_series(1, \(rows));
            CREATE FUNCTION public.slow() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
                IF (SELECT count(*) FROM ended) > 400 THEN PERFORM pg_sleep(60); END IF;
                RETURN NULL;
            END $$;
            CREATE TRIGGER slow AFTER UPDATE ON countersign.auth_requests REFERENCING NEW TABLE AS ended
                FOR EACH STATEMENT EXECUTE FUNCTION public.slow();
            """)
        try await withWorker(stages: [.expire], statementLimit: .seconds(5)) { _ in
            let open = "SELECT count(*) FROM countersign.auth_requests WHERE status <> 'expired'"
            try await Database.current.wait(until: open, is: 0, timeout: .seconds(600))
        }
        let said = LogCapture.current.lines.filter { $0.contains("batch took too long") }
        #expect(said.count == 1, "\(said)")
        #expect(!LogCapture.current.text.contains("batch failed"))
    }
}
