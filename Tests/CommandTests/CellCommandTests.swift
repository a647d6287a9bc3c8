import Administration
import Foundation
import Postgres
import Support
import Testing

/// `countersign cell`, on two servers.
@Suite struct CellCommandTests {
    private struct Cells: Sendable {
        let (home, away): (ScratchServer, ScratchServer)

        func home(_ arguments: String...) async throws -> Outcome {
            try await Shell(url: home.conninfo).start(["cell"] + arguments).outcome()
        }

        func away(_ arguments: String..., login: String = "postgres") async throws -> Outcome {
            let url = "host=\(away.folder.path) user=\(login) dbname=postgres"
            return try await Shell(url: url).with("COUNTERSIGN_HOME_URL", homeURL).start(["cell"] + arguments)
                .outcome()
        }

        var homeURL: String { "host=\(home.folder.path) user=cell1 dbname=postgres" }

        /// Whose devices there are, here and there.
        func devices() async throws -> (home: [String], away: [String]) {
            let sql = "SELECT user_id || ' ' || status FROM countersign.enrollments ORDER BY enrollment_id"
            var there = try await Connection.open(home.options)
            var here = try await Connection.open(away.options)
            return (
                try await there.execute(sql).map { try $0.text(0) },
                try await here.execute(sql).map { try $0.text(0) }
            )
        }
    }

    private func withCells(_ body: (Cells) async throws -> Void) async throws {
        try await ScratchServer.run(["wal_level = logical"]) { home in
            try await home.execute("CREATE ROLE cell1 LOGIN REPLICATION BYPASSRLS")
            try await home.execute(
                """
                INSERT INTO countersign.apps (login, name) VALUES ('mobile', 'mobile');
                INSERT INTO countersign.enrollments (app_id, user_id, device_id, status, slot, activated_at)
                SELECT 1, name, 'phone', 'active', 1, now() FROM unnest(ARRAY['alice', 'bob']) name
                """)
            try await ScratchServer.run(cell: 1) { away in
                try await body(Cells(home: home, away: away))
                try await away.execute("DROP SUBSCRIPTION IF EXISTS home")
            }
        }
    }

    /// A restore of the home, or a log that it kept for too long, ends as this does: what is missed comes no more.
    private static func loseSlot(_ cells: Cells) async throws {
        try await cells.away.execute("ALTER SUBSCRIPTION home DISABLE")
        try await eventually("nobody uses it") {
            try await cells.home.number("SELECT count(*) FROM pg_replication_slots WHERE active") == 0
        }
        try await cells.home.execute("SELECT pg_drop_replication_slot('countersign_cell_1')")
    }

    @Test func `a cell follows, and again when it has missed something for ever`() async throws {
        try await withCells { cells in
            #expect(
                try await cells.home("publish").output
                    == "cell 0 publishes apps and devices for other cells\n")
            #expect(
                try await cells.home("publish", "--login", "cell1").output
                    == "cell 0 has published already apps and devices for other cells, and cell1 may read them\n"
            )
            for _ in 0..<2 {
                let followed = try await cells.away("follow")
                #expect(followed.status == 0 && followed.errors == "", "\(followed.errors)")
                #expect(followed.output.hasSuffix("this cell follows cell 0\n"))
            }
            #expect(try await cells.devices().away == ["alice active", "bob active"])
            // The doctor takes none of it for drift, and would have it revoked.
            for url in [cells.home.conninfo, cells.away.conninfo] {
                let found = try await Shell(url: url).run("doctor", "--json").json(as: [[String: Any]].self)
                let drift = found.filter { $0["check"] as? String == "drift" }
                #expect(drift.map { $0["grade"] as? String } == ["ok"], "\(drift)")
            }

            // Counted here of a device that is locked here, and a row that refers to its app.
            try await cells.away.execute(
                """
                UPDATE countersign.enrollments SET locked_until = '2100-01-01Z', wrong_codes = ARRAY['2000-01-01Z'::timestamptz]
                WHERE user_id = 'bob';
                SET session_replication_role = replica;
                INSERT INTO countersign.submissions (submission_id, submitted_at, enrollment_id, app_id, action, status, reason)
                VALUES (countersign.uuid_v7(), now(), 'x', 1, 'scan', 'rejected', 'malformed')
                """)
            try await Self.loseSlot(cells)
            try await cells.home.execute(
                "UPDATE countersign.enrollments SET status = 'revoked', revoked_at = now() WHERE user_id = 'alice'"
            )
            let disabled = try await cells.away("follow")
            disabled.expect(65, "the subscription is disabled: ALTER SUBSCRIPTION home ENABLE, or --again")

            let again = try await cells.away("follow", "--again")
            #expect(again.status == 0 && again.errors == "", "\(again.errors)")
            let devices = try await cells.devices()
            #expect(devices.away == ["alice revoked", "bob active"] && devices.home == devices.away)
            let kept =
                "SELECT count(*) FROM countersign.enrollments WHERE locked_until = '2100-01-01Z' AND cardinality(wrong_codes) = 1"
            #expect(try await cells.away.number(kept) == 1)
            // As one leaves it that was interrupted while it waited.
            try await cells.away.execute(
                """
                INSERT INTO countersign.kept_locks
                SELECT enrollment_id, '2100-01-01Z', wrong_codes FROM countersign.enrollments WHERE user_id = 'bob';
                UPDATE countersign.enrollments SET locked_until = NULL
                """)
            #expect(try await cells.away("follow").status == 0)
            #expect(try await cells.away.number(kept) == 1)
            #expect(try await cells.away.number("SELECT count(*) FROM countersign.kept_locks") == 0)
            #expect(try await cells.away.number("SELECT count(*) FROM countersign.submissions") == 1)
            #expect(try await cells.away.number("SELECT countersign.lags()::integer") == 0)
            try await cells.home.execute(
                "UPDATE countersign.enrollments SET status = 'revoked', revoked_at = now() WHERE user_id = 'bob'"
            )
            try await eventually("what comes later comes, too") {
                try await cells.devices().away == ["alice revoked", "bob revoked"]
            }

            let shown = try await cells.home("show", "--json").json(as: [String: Any].self)
            let followers = try #require(shown["followers"] as? [[String: Any]])
            #expect(followers.map { $0["cell"] as? String } == ["1"])
            #expect(followers.map { $0["connected"] as? Bool } == [true])
            let told = try await cells.home("show").output.split(separator: "\n").suffix(3)
            #expect(told.first == "Followers" && told.last?.hasPrefix("1     yes ") == true, "\(told)")
            #expect(try await cells.away("show").output.hasSuffix("\n\nNo other cell follows.\n"))
            let here = try await cells.away("show", "--json").json(as: [String: Any].self)
            #expect(
                here["cell"] as? Int == 1 && here["home"] as? Int == 0
                    && here["answers_wait"] as? Bool == false)
        }
    }

    /// The slot is there each time, and free or in use.
    @Test func `everything is copied anew as often as somebody asks, and after a failure`() async throws {
        try await withCells { cells in
            #expect(try await cells.home("publish", "--login", "cell1").status == 0)
            #expect(try await cells.away("follow").status == 0)
            for _ in 0..<2 {
                let again = try await cells.away("follow", "--again")
                #expect(again.status == 0 && again.errors == "", "\(again.errors)")
                #expect(try await cells.devices().away == ["alice active", "bob active"])
            }
            // As a failure leaves it before the slot is made, and as somebody does who drops the subscription alone.
            for loss in [
                """
                ALTER SUBSCRIPTION home DISABLE;
                ALTER SUBSCRIPTION home SET (slot_name = NONE);
                DROP SUBSCRIPTION home;
                CREATE SUBSCRIPTION home CONNECTION '\(cells.homeURL)' PUBLICATION countersign_home
                    WITH (create_slot = false, slot_name = countersign_cell_1, enabled = false)
                """,
                """
                ALTER SUBSCRIPTION home DISABLE;
                ALTER SUBSCRIPTION home SET (slot_name = NONE);
                DROP SUBSCRIPTION home
                """,
            ] {
                try await cells.away.execute(loss)
                let anew = try await cells.away("follow")
                #expect(anew.status == 0 && anew.errors == "", "\(anew.errors)")
                #expect(anew.output.hasPrefix("copying everything of cell 0 anew\n"))
                #expect(try await cells.devices().away == ["alice active", "bob active"])
            }
            #expect(try await cells.home.number("SELECT count(*) FROM pg_replication_slots") == 1)
        }
    }

    @Test func `a slot that is there before the cell follows may be another cell's`() async throws {
        try await withCells { cells in
            #expect(try await cells.home("publish", "--login", "cell1").status == 0)
            try await cells.home.execute(
                "SELECT pg_create_logical_replication_slot('countersign_cell_1', 'pgoutput')")
            try await cells.away("follow").expect(
                65,
                "at the home there is a replication slot countersign_cell_1 already: is there another cell 1? If not, "
                    + "drop it there: SELECT pg_drop_replication_slot('countersign_cell_1')")
            #expect(try await cells.away.number("SELECT count(*) FROM pg_subscription") == 0)
        }
    }

    @Test func `a cell tells that copying fails before answers wait`() async throws {
        try await withCells { cells in
            #expect(try await cells.home("publish", "--login", "cell1").status == 0)
            #expect(try await cells.away("follow").status == 0)
            try await cells.away.execute("ALTER DATABASE postgres SET countersign.longest_lag = '1 hour'")
            try await eventually("it copies") {
                let shown = try await cells.away("show", "--json").json(as: [String: Any].self)
                return shown["copying"] as? Bool == true && shown["copying_failures"] as? Int == 0
            }
            // The key of what comes next.
            try await cells.away.execute(
                """
                SET session_replication_role = replica;
                INSERT INTO countersign.apps (app_id, login, name) OVERRIDING SYSTEM VALUE VALUES (2, 'x', 'x')
                """)
            try await cells.home.execute(
                "INSERT INTO countersign.apps (app_id, login, name) OVERRIDING SYSTEM VALUE VALUES (2, 'd', 'desktop')"
            )
            try await eventually("it is told that copying fails") {
                let shown = try await cells.away("show", "--json").json(as: [String: Any].self)
                return shown["copying"] as? Bool == false && (shown["copying_failures"] as? Int ?? 0) > 0
                    && shown["answers_wait"] as? Bool == false
            }
            // Between two tries of the worker, which are 5 s apart.
            try await eventually("the doctor tells it, too") {
                var connection = try await Connection.open(cells.away.options)
                let told = try await Readiness.check(&connection).filter { $0.check == "home" }
                return told.map(\.grade) == [.warning]
                    && told[0].finding.contains("; nothing is copied now; copying has failed ")
            }
        }
    }

    @Test func `who waits for a copy is told when it fails, and goes on when it does`() async throws {
        try await withCells { cells in
            #expect(try await cells.home("publish", "--login", "cell1").status == 0)
            try await cells.away.execute(
                "ALTER TABLE countersign.apps ADD CONSTRAINT in_the_way CHECK (name <> 'mobile')")
            let following = try Shell(url: cells.away.conninfo)
                .with("COUNTERSIGN_HOME_URL", cells.homeURL).start(["cell", "follow"])
            try await eventually("it tells of the failure") {
                following.output.contains(" times: the log of this cell's server says why\n")
            }
            try await cells.away.execute("ALTER TABLE countersign.apps DROP CONSTRAINT in_the_way")
            let followed = try await following.outcome()
            #expect(followed.status == 0 && followed.errors == "", "\(followed.errors)")
            #expect(try await cells.devices().away == ["alice active", "bob active"])
        }
    }

    /// Or any login could be made to read the sealed keys of servers.
    @Test func `a login that is not for a cell is refused before anything is published`() async throws {
        try await withCells { cells in
            try await cells.home.execute(
                """
                CREATE ROLE plain LOGIN;
                CREATE ROLE group1 REPLICATION BYPASSRLS;
                CREATE ROLE worker1 LOGIN REPLICATION BYPASSRLS IN ROLE countersign_worker;
                CREATE ROLE mobile LOGIN REPLICATION BYPASSRLS;
                """)
            let lacking =
                " needs LOGIN, REPLICATION and BYPASSRLS: ALTER ROLE ... LOGIN REPLICATION BYPASSRLS"
            let owned = ": a cell that follows needs a login of its own"
            for (login, status, words) in [
                ("", 64, "--login must be the login of a cell that follows, not empty"),
                (
                    "nosuch", 65,
                    "this server has no login nosuch: CREATE ROLE ... LOGIN REPLICATION BYPASSRLS makes one for the cell"
                ),
                ("plain", 65, "plain" + lacking), ("group1", 65, "group1" + lacking),
                ("worker1", 65, "worker1 is a member of countersign_worker" + owned),
                ("mobile", 65, "mobile is the login of app mobile" + owned),
            ] as [(String, Int32, String)] {
                try await cells.home("publish", "--login", login).expect(status, words)
            }
            #expect(try await cells.home.number("SELECT count(*) FROM pg_publication") == 0)
        }
    }

    /// An app of its own would have the key of one that comes from the home.
    @Test func `a cell that follows changes no app`() async throws {
        try await withCells { cells in
            #expect(try await cells.home("publish", "--login", "cell1").status == 0)
            #expect(try await cells.away("follow").status == 0)
            let away = Shell(url: cells.away.conninfo)
            let refusal = "apps and devices belong to cell 0: do this there, not here"
            try await away.run("app", "add", "desktop").expect(65, refusal)
            try await away.run("app", "disable", "mobile").expect(65, refusal)
            for change in [
                "UPDATE countersign.apps SET max_devices_per_user = 3", "DELETE FROM countersign.apps",
            ] {
                await #expect { try await cells.away.execute(change) } throws: {
                    ($0 as? PostgresError)?.message == refusal
                }
            }
            // Housekeep counts in each cell.
            try await cells.away.execute("UPDATE countersign.apps SET over_limit = true")
            try await cells.home.execute("INSERT INTO countersign.apps (login, name) VALUES ('d', 'desktop')")
            try await cells.home.execute("UPDATE countersign.apps SET enabled = false WHERE name = 'mobile'")
            try await eventually("what the home changes comes") {
                try await cells.away.number(
                    "SELECT count(*) FROM countersign.apps WHERE enabled = (name = 'desktop')") == 2
            }
            // While everything is copied anew, nobody knows which cell is the home.
            try await cells.away.execute("DELETE FROM countersign.home_heartbeat")
            try await away.run("app", "add", "tablet").expect(
                65, "apps and devices belong to the home: do this there, not here")
        }
    }

    /// Neither where the server logs every statement, nor of one that fails.
    @Test func `the password of the login at the home is not logged`() async throws {
        try await withCells { cells in
            #expect(try await cells.home("publish", "--login", "cell1").status == 0)
            let password = "zq7secret"
            try await cells.away.execute(
                """
                ALTER DATABASE postgres SET log_statement = 'all';
                ALTER DATABASE postgres SET log_min_duration_statement = 0
                """)
            let away = Shell(url: cells.away.conninfo)
                .with("COUNTERSIGN_HOME_URL", cells.homeURL + " password=\(password)")
            try await cells.away.execute(
                """
                CREATE FUNCTION refuse() RETURNS event_trigger LANGUAGE plpgsql AS 'BEGIN RAISE EXCEPTION ''refused''; END';
                CREATE EVENT TRIGGER refuse ON ddl_command_start WHEN TAG IN ('CREATE SUBSCRIPTION')
                    EXECUTE FUNCTION refuse()
                """)
            let failed = try await away.run("cell", "follow")
            #expect(failed.status == 70 && !failed.text.contains(password), "\(failed.text)")
            try await cells.away.execute("DROP EVENT TRIGGER refuse")
            #expect(try await away.run("cell", "follow").status == 0)
            #expect(try await away.run("cell", "follow", "--again").status == 0)
            #expect(
                try await cells.away.number(
                    "SELECT count(*) FROM pg_subscription WHERE subconninfo LIKE '%password=%'") == 1)
            let log = try String(
                contentsOf: cells.away.folder.appending(path: "log"), encoding: .utf8)
            #expect(log.contains("DROP EVENT TRIGGER refuse") && log.contains("ERROR:  refused"))
            #expect(!log.contains(password))
        }
    }

    /// A slot waits for all transactions of its server, and so for the one that makes it.
    @Test func `a cell follows a home that is a database of the same server`() async throws {
        try await ScratchServer.run(["wal_level = logical"]) { server in
            try await server.execute("CREATE ROLE cell1 LOGIN REPLICATION BYPASSRLS")
            try await server.execute("CREATE DATABASE cell1")
            try await server.execute("INSERT INTO countersign.apps (login, name) VALUES ('mobile', 'mobile')")
            let home = Shell(url: server.conninfo)
            #expect(try await home.run("cell", "publish", "--login", "cell1").status == 0)
            let there = "host=\(server.folder.path) user=postgres dbname=cell1"
            let cell = Shell(url: there).with(
                "COUNTERSIGN_HOME_URL", "host=\(server.folder.path) user=cell1 dbname=postgres")
            try await cell.succeed("migrate", "up", "--installation", "cell1", "--cell", "1")
            for words in [[], ["--again"]] {
                let followed = try await cell.start(["cell", "follow"] + words).outcome()
                #expect(followed.status == 0 && followed.errors == "", "\(followed.errors)")
            }
            var connection = try await Connection.open(ConnectionOptions(url: there, environment: [:]))
            #expect(try await connection.execute("SELECT count(*) FROM countersign.apps")[0].int(0) == 1)
        }
    }

    @Test func `what would go wrong is refused before anything is done`() async throws {
        try await withCells { cells in
            let unpublished =
                "the home publishes nothing yet: run `countersign cell publish` there, as its owner"
            let unread = try await cells.away("follow")
            #expect(unread.status == 77)
            #expect(unread.errors.hasPrefix("countersign: the home: "))
            #expect(unread.errors.contains("`countersign cell publish --login` there lets a login read it"))
            try await cells.home.execute("GRANT countersign_monitor TO cell1")
            try await cells.away("follow").expect(65, unpublished)
            try await cells.home.execute("REVOKE countersign_monitor FROM cell1")
            #expect(try await cells.home("publish", "--login", "cell1").status == 0)
            try await cells.away("follow", "--again").expect(
                65, "this cell follows none yet: leave out --again")

            try await cells.home.execute("ALTER ROLE cell1 NOBYPASSRLS")
            try await cells.away("follow").expect(
                65,
                "the login at the home needs REPLICATION and BYPASSRLS: ALTER ROLE ... REPLICATION BYPASSRLS")
            try await cells.home.execute("ALTER ROLE cell1 BYPASSRLS")

            try await cells.away.execute(
                "CREATE ROLE operator LOGIN IN ROLE countersign_admin; INSERT INTO countersign.apps (login, name) VALUES ('x', 'x')"
            )
            try await cells.away("follow", login: "operator").expect(
                65, "only a superuser of the cell's server may make its subscription")
            try await cells.away("follow").expect(
                65,
                "this cell has apps or devices of its own already, whose place the home's would take: "
                    + "only a cell without them can follow")
            #expect(try await cells.away.number("SELECT count(*) FROM pg_subscription") == 0)

            try await Shell(url: cells.away.conninfo).run("cell", "publish").expect(
                65, "this server has wal_level = replica: set it to logical, and restart it")
            try await Shell(url: cells.away.conninfo).run("cell", "follow").expect(
                78, "where is the home? COUNTERSIGN_HOME_URL=postgres://login@host/database")
            try await Shell(url: cells.home.conninfo).run("cell", "follow", "--home-url", cells.homeURL)
                .expect(
                    65, "the home is cell 0, as this one: give another as the home")
        }
    }
}
