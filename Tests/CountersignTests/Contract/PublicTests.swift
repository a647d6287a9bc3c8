import Countersign
import Postgres
import Support
import Testing

/// PUBLIC can do nothing, neither with what is there nor with what comes later.
@Suite struct PublicTests {
    /// The migration itself, not the copying of the template.
    @Test(.emptyDatabase) func `migrating takes the database from PUBLIC`() async throws {
        var owner = try await Database.current.connect()
        #expect(try await privileges(&owner) == ["CONNECT", "TEMP"])
        try await Program.migrator().up(&owner)
        #expect(try await privileges(&owner) == [])
    }

    private func privileges(_ connection: inout Connection) async throws -> [String] {
        let sql = """
            SELECT p FROM unnest('{CONNECT,CREATE,TEMP}'::text[]) AS p
            WHERE has_database_privilege('public', current_database(), p)
            """
        return try await connection.execute(sql).map { try $0.text(0) }
    }

    /// Row types belong to their table and have no privileges of their own: whoever may not use the schema
    /// cannot name them.
    @Test(.database) func `a stranger who may connect finds every door closed`() async throws {
        let database = Database.current
        let login = try await database.makeLogin("stranger")
        try await database.arrangeAsSuperuser("GRANT CONNECT ON DATABASE \(database.name) TO \(login.name)")
        var stranger = try await database.connect(as: login)
        let attempts = [
            "SELECT FROM countersign.auth_results", "SELECT FROM countersign.settings",
            "INSERT INTO countersign.auth_requests (auth_type) VALUES ('qr-code')",
            "SELECT countersign.collect_otp(gen_random_uuid())", "SELECT countersign.uuid_v7()",
            "SELECT NULL::countersign.portals", "SELECT 'issued'::countersign.request_status",
            "CREATE TABLE countersign.mine ()", "CREATE TEMP TABLE mine ()", "CREATE TABLE public.mine ()",
            "CREATE SCHEMA mine",
        ]
        for sql in attempts {
            #expect(try await stranger.refusal(of: sql)?.state == noPrivilege, "\(sql)")
        }
    }

    @Test(.database) func `what later migrations create is not PUBLIC's either`() async throws {
        var owner = try await Database.current.connect()
        try await owner.execute(
            """
            CREATE FUNCTION countersign.later() RETURNS integer LANGUAGE sql AS 'SELECT 1';
            CREATE TYPE countersign.mood AS ENUM ('good');
            CREATE TABLE countersign.later_table (a integer GENERATED ALWAYS AS IDENTITY);
            CREATE VIEW countersign.later_view AS SELECT 1 AS a;
            """)
        let roles = [(login: "public", called: "PUBLIC")]
        #expect(try await Privileges.read(roles, &owner).filter { $0.contains("PUBLIC") } == [])
    }

    @Test(.database) func `a partition made later belongs to nobody and has the trigger`() async throws {
        let login = try await Database.current.makeLogin("worker", in: .worker)
        var worker = try await Database.current.connect(as: login)
        for table in ["auth_requests", "submissions", "webhook_deliveries", "webhook_attempts", "events"] {
            let create = "SELECT countersign.create_partition('\(table)', current_date + 20)"
            try await worker.execute(create)
        }
        var owner = try await Database.current.connect()
        let made = try await owner.execute(
            """
            SELECT count(*), bool_and(relacl IS NULL AND relowner = (SELECT datdba FROM pg_database
                                                                     WHERE datname = current_database()))
            FROM pg_class WHERE relname IN (
                SELECT table_name || to_char(countersign.partition_start(current_date + 20, days), '_YYYYMMDD')
                FROM countersign.partitioned_tables)
            """)[0]
        #expect(try made.int(0) == 5)
        #expect(try made.bool(1))
    }

    @Test(.database) func `submissions are taken apart whatever partition they fall into`() async throws {
        try await Database.current.arrange(
            "SELECT countersign.create_partition('submissions', current_date + 20)")
        var owner = try await Database.current.connect()
        let triggers = try await owner.execute(
            """
            SELECT count(*), count(*) FILTER (WHERE t.tgenabled = 'A')
            FROM pg_partition_tree('countersign.submissions') i
            LEFT JOIN pg_trigger t ON t.tgrelid = i.relid AND t.tgname = 'take_submission'
            """)[0]
        #expect(try triggers.int(0) == 11)  // the parent, the default, eight days and this one
        #expect(try triggers.int(1) == 11)
    }

    @Test(.database) func `a worker makes and drops no table but the partitions`() async throws {
        let login = try await Database.current.makeLogin("worker", in: .worker)
        var worker = try await Database.current.connect(as: login)
        try await Database.current.arrange("CREATE TABLE countersign.events_20200101 (a integer)")
        for name in ["portals", "events_default", "events_20200101", "no_such_20200101"] {
            let drop = "SELECT countersign.drop_partition('\(name)')"
            #expect(try await worker.refusal(of: drop)?.state == "CS003", "\(name)")
        }
        let today = "SELECT countersign.drop_partition('submissions_' || to_char(current_date, 'YYYYMMDD'))"
        #expect(try await worker.refusal(of: today)?.state == "CS003")
        let foreign = "SELECT countersign.create_partition('portals', current_date + 20)"
        #expect(try await worker.refusal(of: foreign)?.state == "P0002")
        let far = "SELECT countersign.create_partition('events', current_date + 1000)"
        #expect(try await worker.refusal(of: far)?.state == "CS003")
    }
}
