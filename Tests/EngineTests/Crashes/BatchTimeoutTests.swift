import Countersign
import Engine
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
}
