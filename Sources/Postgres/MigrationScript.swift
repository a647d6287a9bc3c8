/// The SQL around the files: what `Migrator.up` runs and `Migrator.plan` prints.
///
/// Queries whose rows are statements are written so that psql's `\gexec` runs the same statements.
struct MigrationScript: Sendable {
    /// The schema that holds `schema_migrations` and `schema_current`.
    let schema: String
    /// The number of the program that writes current files.
    let program: Int
    /// How long a transaction waits for a lock. Whoever comes after it waits behind it as long.
    let lockTimeout: Duration
    /// How long a statement outside a transaction waits for a lock; nobody waits behind it.
    let buildLockTimeout: Duration

    var table: String { quotedIdentifier(schema) + ".schema_migrations" }
    var currentTable: String { quotedIdentifier(schema) + ".schema_current" }
    var turnTable: String { quotedIdentifier(schema) + ".schema_turn" }

    /// Fails with 55P03 while another migrator has its turn. Nobody but the owner has a right to this table, and who may
    /// only read gets ACCESS SHARE, which stands in nobody's way: no portal can hold a migration up. A table of its own,
    /// because COMMENT wants that very lock.
    var lockTurn: String { "LOCK TABLE \(turnTable) IN SHARE UPDATE EXCLUSIVE MODE NOWAIT" }
    var takeTurn: String {
        """
        BEGIN;
        SET LOCAL idle_in_transaction_session_timeout = 0;
        \(lockTurn)
        """
    }
    var turnHolder: String {
        """
        SELECT pid FROM pg_locks
        WHERE locktype = 'relation' AND relation = \(reference(turnTable)) AND granted
          AND mode = 'ShareUpdateExclusiveLock'
          AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
        """
    }

    /// Asks first: IF NOT EXISTS wants the right to create even when there is nothing to create.
    func exists(_ table: String) -> String { "SELECT to_regclass(\(quotedLiteral(table))) IS NOT NULL" }
    var createTables: String {
        """
        CREATE SCHEMA IF NOT EXISTS \(quotedIdentifier(schema));
        CREATE TABLE IF NOT EXISTS \(table) (
            version         integer PRIMARY KEY,
            name            text COLLATE "C" NOT NULL,
            checksum        text NOT NULL,  -- SHA-256 of the file, in hexadecimal
            minimum_binary  integer NOT NULL,
            applied_at      timestamptz NOT NULL DEFAULT clock_timestamp(),
            duration_ms     integer,        -- NULL while begun and not finished
            applied_by      text NOT NULL DEFAULT session_user,
            undo            text,           -- what takes it back, for older programs
            no_undo         text            -- why nothing does
        );
        CREATE TABLE IF NOT EXISTS \(currentTable) (
            name            text COLLATE "C" PRIMARY KEY,
            checksum        text NOT NULL,  -- SHA-256 of the file, in hexadecimal
            program         integer NOT NULL,
            applied_at      timestamptz NOT NULL DEFAULT clock_timestamp(),
            duration_ms     integer,
            applied_by      text NOT NULL DEFAULT session_user
        );
        CREATE TABLE IF NOT EXISTS \(turnTable) (
            only_row     boolean PRIMARY KEY DEFAULT true CONSTRAINT schema_turn_only_row CHECK (only_row),
            -- Until then who waits in a function makes way: a migrator is about to try its locks.
            wants_until  timestamptz NOT NULL DEFAULT '-infinity'
        );
        INSERT INTO \(turnTable) DEFAULT VALUES ON CONFLICT DO NOTHING;
        """
    }

    /// The row comes before the file's own statements: two migrators collide here and nowhere else.
    func record(_ run: MigrationRun) -> String {
        let name = quotedLiteral(run.name)
        return switch run.step {
        case .numbered(let migration):
            """
            INSERT INTO \(table) (version, name, checksum, minimum_binary, undo, no_undo)
            VALUES (\(migration.number), \(name), '\(run.checksum)', \(migration.minimumBinary),
                    \(literal(migration.undo)), \(literal(migration.noUndo)))
            """
        case .current:
            """
            INSERT INTO \(currentTable) (name, checksum, program) VALUES (\(name), '\(run.checksum)', \(program))
            ON CONFLICT (name) DO UPDATE SET checksum = excluded.checksum, program = excluded.program,
                applied_at = clock_timestamp(), duration_ms = NULL, applied_by = session_user
            """
        }
    }

    func remove(_ version: Int) -> String { "DELETE FROM \(table) WHERE version = \(version)" }

    private func literal(_ text: String?) -> String { text.map(quotedLiteral) ?? "NULL" }

    func finish(_ run: MigrationRun) -> String {
        let row =
            switch run.step {
            case .numbered(let migration): (table, "version = \(migration.number)")
            case .current(let file): (currentTable, "name = \(quotedLiteral(file.name))")
            }
        return """
            UPDATE \(row.0) SET applied_at = clock_timestamp(),
                duration_ms = extract(epoch FROM clock_timestamp() - applied_at) * 1000
            WHERE \(row.1)
            """
    }

    /// Finds the row only in the transaction that inserted it: a file that has ended it is found out.
    func finishInSameTransaction(_ run: MigrationRun) -> String {
        finish(run) + " AND xmin = pg_current_xact_id()::xid"
    }

    /// A file that shares its transaction, with its record. The semicolon on a line of its own ends whatever the file
    /// left open, even a comment.
    func whole(_ run: MigrationRun, _ sql: String) -> String {
        """
        \(record(run));
        \(sql)
        ;
        \(finishInSameTransaction(run))
        """
    }

    /// What current files that are no longer part of the program have left.
    func forget(_ names: [String]) -> String {
        "DELETE FROM \(currentTable) WHERE name IN (\(names.map(quotedLiteral).joined(separator: ", ")))"
    }

    var begin: String {
        """
        BEGIN;
        \(localSettings)
        """
    }

    /// For a second, in which a try begins and ends: those who wait in functions make way meanwhile, also when the
    /// migrator dies.
    var askForWay: String {
        "UPDATE \(turnTable) SET wants_until = clock_timestamp() + interval '1 s'"
    }
    var giveWayBack: String { "UPDATE \(turnTable) SET wants_until = '-infinity'" }

    /// Those of the tables, `$1`, that are there, and how they are written.
    var existing: String {
        """
        SELECT given.name, format('%I.%I', n.nspname, c.relname) FROM unnest($1::text[]) AS given (name)
        JOIN pg_class c ON c.oid = to_regclass(given.name) AND c.relkind IN ('r', 'p')
        JOIN pg_namespace n ON n.oid = c.relnamespace
        """
    }

    /// All at once, and all of their partitions: lock_timeout would be a limit for each.
    func lock(_ tables: [String], _ mode: MigrationLock.Mode) -> [String] {
        [
            "SET LOCAL statement_timeout = \(milliseconds(lockTimeout))",
            "LOCK TABLE \(tables.joined(separator: ", ")) IN \(mode.rawValue) MODE",
            "SET LOCAL statement_timeout = 0",
        ]
    }

    /// Between two files of one transaction: a SET without LOCAL lasts longer than the file that has it.
    var beginNext: String {
        """
        RESET ALL;
        \(localSettings)
        """
    }

    /// Functions' bodies are read here: what stands in a schema of the session's own path must not be taken for PostgreSQL's.
    private var localSettings: String {
        """
        SET LOCAL search_path = pg_catalog, pg_temp;
        SET LOCAL lock_timeout = \(milliseconds(lockTimeout));
        SET LOCAL statement_timeout = 0;
        SET LOCAL idle_in_transaction_session_timeout = 0;
        """
    }

    /// `isSevere` when others wait behind it.
    func beginBuilding(isSevere: Bool = false) -> String {
        """
        SET search_path = pg_catalog, pg_temp;
        SET lock_timeout = \(milliseconds(isSevere ? lockTimeout : buildLockTimeout));
        SET statement_timeout = 0;
        """
    }

    private func milliseconds(_ duration: Duration) -> Int64 { Int64(duration / .milliseconds(1)) }
}

/// Indexes: what is left to build, and to attach.
extension MigrationScript {
    /// Rows of two statements, the first NULL or dropping what an interrupted build has left; none when the
    /// index is valid.
    func build(_ index: MigrationIndex) -> String {
        let drop = "DROP INDEX CONCURRENTLY \(index.qualifiedName)"
        let create = "\(index.verb) CONCURRENTLY \(quotedIdentifier(index.name)) ON \(index.qualifiedTable) "
        return """
            SELECT CASE WHEN NOT x.indisvalid THEN \(quotedLiteral(drop)) END,
                   \(quotedLiteral(create + index.definition))
            FROM (VALUES (\(reference(index.qualifiedName)), \(reference(index.qualifiedTable)))) found (i, t)
            LEFT JOIN pg_index x ON x.indexrelid = found.i AND x.indrelid = found.t
            WHERE x.indisvalid IS NOT TRUE
            """
    }

    /// One row of one statement, none when the parent has its index.
    func createOnParent(_ index: MigrationIndex) -> String {
        let create = "\(index.verb) \(quotedIdentifier(index.name)) ON ONLY \(index.qualifiedTable) "
        return """
            SELECT \(quotedLiteral(create + index.definition)) WHERE NOT EXISTS (
                SELECT FROM pg_index WHERE indexrelid = \(reference(index.qualifiedName))
                AND indrelid = \(reference(index.qualifiedTable)))
            """
    }

    /// The same for each partition that has no part in the parent's index yet.
    func buildOnPartitions(_ index: MigrationIndex) -> String {
        """
        SELECT CASE WHEN NOT valid THEN 'DROP INDEX CONCURRENTLY ' || child END,
               format('\(index.verb) CONCURRENTLY %I ON %s ', child_name, partition)
               || \(quotedLiteral(index.definition))
        FROM (\(missingPartitions(index))) missing
        WHERE valid IS NOT TRUE ORDER BY partition
        """
    }

    /// Nobody attaches or drops a partition while this lock is held, so that the last one attached makes the
    /// parent's index valid.
    func lockPartitions(_ index: MigrationIndex) -> String {
        "LOCK TABLE ONLY \(index.qualifiedTable) IN SHARE UPDATE EXCLUSIVE MODE"
    }

    /// Rows of one statement, for each partition whose index is built.
    func attachPartitions(_ index: MigrationIndex) -> String {
        """
        SELECT \(quotedLiteral("ALTER INDEX \(index.qualifiedName) ATTACH PARTITION ")) || child
        FROM (\(missingPartitions(index))) missing
        WHERE valid ORDER BY partition
        """
    }

    func isInvalid(_ index: MigrationIndex) -> String {
        """
        SELECT EXISTS (SELECT FROM pg_index
            WHERE indexrelid = \(reference(index.qualifiedName)) AND NOT indisvalid)
        """
    }

    /// NULL when there is no such table or index.
    func reference(_ qualifiedName: String) -> String {
        "to_regclass(\(quotedLiteral(qualifiedName)))"
    }

    /// `valid` is NULL where the index does not exist. A partition that is being detached needs none.
    private func missingPartitions(_ index: MigrationIndex) -> String {
        let prefix = quotedLiteral(index.table + "_")
        return """
            SELECT part.partition, part.child_name, part.child, x.indisvalid AS valid
            FROM (
                SELECT c.oid, format('%I.%I', n.nspname, c.relname) AS partition, named.child_name,
                       format('%I.%I', n.nspname, named.child_name) AS child
                FROM pg_inherits i
                JOIN pg_class c ON c.oid = i.inhrelid
                JOIN pg_namespace n ON n.oid = c.relnamespace
                CROSS JOIN LATERAL (SELECT \(quotedLiteral(index.name + "_")) || CASE
                    WHEN starts_with(c.relname, \(prefix)) THEN substr(c.relname, length(\(prefix)) + 1)
                    ELSE c.relname END AS child_name) named
                WHERE i.inhparent = \(reference(index.qualifiedTable)) AND NOT i.inhdetachpending
                  AND NOT EXISTS (
                      SELECT FROM pg_index own JOIN pg_inherits a ON a.inhrelid = own.indexrelid
                      WHERE own.indrelid = c.oid AND a.inhparent = \(reference(index.qualifiedName)))
            ) part
            LEFT JOIN pg_index x ON x.indexrelid = to_regclass(part.child) AND x.indrelid = part.oid
            """
    }
}
