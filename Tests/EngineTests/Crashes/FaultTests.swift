import Countersign
import Engine
import Postgres
import Support
import Testing

/// Rows that break their batch, faults that are no row's, and schemas that do not fit.
@Suite(.database) struct FaultTests {
    @Test func `one bad row stops nobody else`() async throws {
        let site = try await Site.make()
        var portal = try await site.portal()
        let bad = try await portal.request("bad")
        try await site.load(50)
        try await Database.current.arrangeAsSuperuser(
            """
            CREATE FUNCTION public.break_it() RETURNS trigger LANGUAGE plpgsql AS $$
            BEGIN
                IF NEW.status = 'issued' AND NEW.reference = 'bad' THEN RAISE EXCEPTION 'broken'; END IF;
                RETURN NEW;
            END $$;
            GRANT USAGE ON SCHEMA public TO PUBLIC;
            CREATE TRIGGER break_it BEFORE UPDATE ON countersign.auth_requests
                FOR EACH ROW EXECUTE FUNCTION public.break_it();
            """)
        try await withWorker { _ in
            let issued = "SELECT count(*) FROM countersign.auth_requests WHERE status = 'issued'"
            try await Database.current.wait(until: issued, is: 50)
            #expect(try await portal.status(bad) == "requested")
            let failed = "SELECT count(*) FROM countersign.auth_requests WHERE status = 'failed'"
            try await Database.current.wait(until: failed, is: 1)
        }
        #expect(try await portal.status(bad) == "failed")
        let told = "SELECT count(*) FROM countersign.webhook_deliveries WHERE request_status = 'failed'"
        #expect(try await Database.current.count(told) == 1)
        #expect(
            try await Database.current.count(
                "SELECT count(*) FROM countersign.events WHERE type = 'request.failed'")
                == 1)
    }

    @Test func `the log names the request of a submission that breaks its batch`() async throws {
        let site = try await Site.make()
        try await Database.current.arrangeAsSuperuser(
            """
            CREATE FUNCTION public.break_it() RETURNS trigger LANGUAGE plpgsql AS
                $$ BEGIN RAISE EXCEPTION 'broken'; END $$;
            GRANT USAGE ON SCHEMA public TO PUBLIC;
            CREATE TRIGGER break_it BEFORE UPDATE ON countersign.submissions
                FOR EACH ROW WHEN (NEW.status = 'accepted') EXECUTE FUNCTION public.break_it();
            """)
        try await withWorkerLogin { _ in
            var portal = try await site.portal()
            var app = try await site.app()
            let enrollment = try await app.enroll("alice")
            let (id, code) = try await portal.issued()
            #expect(try await app.submit(enrollment, code, "scan").result == "rejected")
            let lines = LogCapture.current.lines.filter {
                $0.contains("row failed") || $0.contains("row given up")
            }
            #expect(lines.count == 6)
            for name in ["submission_id=", "transaction_id=\(id)", "stage=validate", "worker="] {
                #expect(lines.allSatisfy { $0.contains(name) }, "\(name)")
            }
        }
    }

    @Test func `a fault of no row fails no request`() async throws {
        let site = try await Site.make()
        try await withWorkerLogin { worker in
            try await Database.current.arrangeAsSuperuser(
                "REVOKE UPDATE ON countersign.auth_requests FROM countersign_worker")
            var portal = try await site.portal()
            let transaction = try await portal.request()
            let errors = worker.context.figures(of: .issue)
            try await eventually("the stage has complained twice") { errors.figures.errors >= 2 }
            #expect(try await portal.status(transaction) == "requested")
            try await Database.current.arrangeAsSuperuser(
                "GRANT UPDATE ON countersign.auth_requests TO countersign_worker")
            try await portal.waitUntilIssued(transaction)
        }
    }

    @Test func `a schema that asks for a newer program drains the worker`() async throws {
        var superuser = try await Database.current.connectAsSuperuser()
        try await withWorker { worker in
            try await superuser.execute("UPDATE countersign.schema_migrations SET minimum_binary = 99")
            try await eventually("it drains") { worker.context.drain.isSet }
        }
    }

    @Test func `housekeeping makes and drops partitions and sets limits`() async throws {
        let site = try await Site.make()
        try await Database.current.arrangeAsSuperuser(
            """
            DROP TABLE countersign.webhook_deliveries_\(try await day(3));
            UPDATE countersign.partitioned_tables SET retention_days = 1 WHERE table_name = 'submissions';
            SELECT countersign.create_partition('submissions', current_date - 4);
            UPDATE countersign.portals SET max_open_requests = 3;
            """)
        var portal = try await site.portal()
        for _ in 0..<3 { _ = try await portal.request() }
        try await withWorker(stages: [.housekeep]) { _ in
            try await Database.current.wait(
                until: "SELECT count(*) FROM countersign.missing_partitions()", is: 0)
            try await Database.current.wait(
                until: "SELECT count(*) FROM countersign.outlived_partitions()", is: 0)
            try await eventually("the portal is over its limit") {
                try await portal.refusal(of: SQL.insert, [.text("one more")])?.state == "CS008"
            }
        }
        var superuser = try await Database.current.connectAsSuperuser()
        try await superuser.execute(
            "SELECT countersign.end_requests(array_agg(transaction_id), array_agg('cancelled'::text)) FROM countersign.auth_requests"
        )
        try await withWorker(stages: [.housekeep]) { _ in
            try await eventually("the portal may go on") {
                try await portal.refusal(of: SQL.insert, [.text("one more")]) == nil
            }
        }
    }

    private func day(_ ahead: Int) async throws -> String {
        var superuser = try await Database.current.connectAsSuperuser()
        let day = "SELECT to_char((clock_timestamp() AT TIME ZONE 'UTC')::date + \(ahead), 'YYYYMMDD')"
        return try await superuser.execute(day)[0].text(0)
    }
}
