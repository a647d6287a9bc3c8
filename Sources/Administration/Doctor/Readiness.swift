import Countersign
package import Postgres

/// What `/readyz` answers: whether this process can do its work. All of it is part of `countersign doctor`, too.
package enum Readiness {
    /// Looks at everything through that connection. Throws when the database cannot be asked.
    package static func check(_ connection: inout Connection) async throws -> [Finding] {
        let schema = try await Self.schema(&connection)
        let findings = [try await database(&connection), schema]
        guard schema.grade == .ok else { return findings }
        do {
            let figures = try await DatabaseFigures.read(&connection)
            let home = try await home(&connection)
            return findings + [defaultPartitions(figures), partitionsAhead(figures)] + home
        } catch let error as PostgresError where !error.isConnectionLoss {
            return findings + [unreadable("figures", error)]
        }
    }

    /// Something of the schema is missing, or is not the owner's.
    static func unreadable(_ check: String, _ error: PostgresError) -> Finding {
        Finding(
            check, .error, "cannot be looked at: \(error.message) (\(error.state))",
            "`countersign doctor` lists what is wrong with the schema under drift and ownership.")
    }

    package static func unreachable(_ error: any Error) -> Finding {
        let state = PostgresError(in: error)?.state.description ?? "no SQLSTATE"
        return Finding(
            "database", .error, "cannot be asked (\(state))",
            "Look whether the server runs and lets this login in; the log says more.")
    }

    /// `isListening`: whether the process's listener has had a sign of life lately; nil without a listener.
    package static func listener(_ isListening: Bool) -> Finding {
        isListening
            ? Finding("listener", .ok, "answers")
            : Finding(
                "listener", .error, "does not answer",
                "Wake-ups come by the poll (1 s) until it does; a pooler in transaction mode cannot LISTEN.")
    }

    /// `unopened`: why a secret of a webhook did not open lately; nil when all have.
    package static func masterKey(unopened: String?) -> Finding {
        guard let unopened else { return Finding("master key", .ok, "has opened what webhooks need") }
        // Not an error: one bad secret would take all processes out of service.
        return Finding(
            "master key", .warning, "webhooks wait: \(unopened)",
            "Start this worker with all keys in use; `portal rotate-secret --overlap 0s` replaces a secret whose key is lost."
        )
    }

    private static func database(_ connection: inout Connection) async throws -> Finding {
        let found = try await connection.run(ReadWritability()).one()
        guard found.isStandby || found.isReadOnly else { return Finding("database", .ok, "reachable") }
        guard found.isStandby else {
            return Finding(
                "database", .error, "read-only: sessions may not write",
                "Somebody has set default_transaction_read_only for the server, the database or the login.",
                found.remedy)
        }
        return Finding(
            "database", .error, "read-only: it is a standby",
            "Give the address of its primary, or all addresses with target_session_attrs=read-write.",
            Remedy(["SELECT sender_host, sender_port FROM pg_stat_wal_receiver;"], by: .superuser))
    }

    private static func schema(_ connection: inout Connection) async throws -> Finding {
        do {
            try await Program.schemaRange.check(&connection, schema: Program.schema)
            let cell = try await Cell.recorded(&connection)?.number ?? 0
            return Finding(
                "schema", .ok, "fits this program (\(Program.number))" + (cell == 0 ? "" : ", cell \(cell)"))
        } catch let error as SchemaRangeError {
            return Finding(
                "schema", .error, "\(error)", "Migrate, or replace this program by the one that fits.",
                Remedy(["countersign migrate up"], by: .shell))
        }
    }

    /// Of a cell that follows another.
    private static func home(_ connection: inout Connection) async throws -> [Finding] {
        guard let home = try await Home.followed(&connection) else { return [] }
        // The worker lives on where the first copy of a table fails.
        let failing =
            (home.isCopying ? "" : "; nothing is copied now")
            + (home.failures == 0 ? "" : "; copying has failed \(home.failures) times")
        guard home.lags else {
            let finding = "cell \(home.cell), \(home.seconds) s ago"
            guard !home.isCopying else { return [Finding("home", .ok, finding)] }
            return [
                Finding(
                    "home", .warning, finding + failing,
                    "See whether the subscription `home` is enabled; the log of this cell's server says why copying fails.",
                    Remedy(["countersign cell show"], by: .shell))
            ]
        }
        return [
            Finding(
                "home", .error,
                "cell \(home.cell) was heard of \(home.seconds) s ago: answers of devices wait" + failing,
                "See whether the home and its worker live, and `countersign cell show` there and here; `cell follow "
                    + "--again` copies everything anew.",
                Remedy(["countersign cell show"], by: .shell))
        ]
    }

    private static func defaultPartitions(_ figures: DatabaseFigures) -> Finding {
        let stray = stray(figures)
        guard !stray.isEmpty else { return Finding("default partitions", .ok, "empty") }
        let tables = stray.map { "\($0.of) (\(Int($0.is)))" }.joined(separator: ", ")
        return Finding(
            "default partitions", .error, "hold rows: \(tables)",
            "Look why partitions were missing; `countersign doctor --mend` does the same.",
            Remedy([mending], isSafe: true))
    }

    private static func stray(_ figures: DatabaseFigures) -> [(of: String, is: Double)] {
        figures["default_partition_rows"].filter { $0.is > 0 }
    }

    private static let mending = """
        SELECT t.table_name, countersign.mend_default_partition(t.table_name) FROM countersign.partitioned_tables t;
        """

    private static func partitionsAhead(_ figures: DatabaseFigures) -> Finding {
        let least = figures["partitions_ahead"].map(\.is).min() ?? 0
        let sentence = "\(Int(least)) days ahead"
        guard least < 2 else { return Finding("partitions", .ok, sentence) }
        let creation = """
            SELECT countersign.create_partition(m.table_name, m.day) FROM countersign.missing_partitions() m;
            """
        return Finding(
            "partitions", least < 1 ? .error : .warning, sentence,
            "Run the housekeep stage somewhere; its log says what keeps it from making partitions.",
            // There is no partition for a day whose rows have gone to the default one.
            Remedy((stray(figures).isEmpty ? [] : [mending]) + [creation], isSafe: true))
    }
}

/// Whether the server is a standby, whether sessions may write, and what lets them.
struct ReadWritability: PreparedStatement {
    static let statement = Statement(
        "readiness.writability",
        """
        WITH \(OwnerRights.tables)
        SELECT pg_is_in_recovery() AS is_standby, current_setting('transaction_read_only')::boolean AS is_read_only,
               \(OwnerRights.hands("s.source = 'database' OR s.source <> 'configuration file' AND r.is_altered")) AS hands,
               CASE WHEN s.source = 'configuration file'
                   THEN E'ALTER SYSTEM SET default_transaction_read_only = off;\\nSELECT pg_reload_conf();'
               ELSE 'BEGIN READ WRITE; ALTER ' || CASE s.source
                   WHEN 'database' THEN format('DATABASE %I', current_database())
                   WHEN 'user' THEN format('ROLE %I', session_user)
                   WHEN 'database user' THEN format('ROLE %I IN DATABASE %I', session_user, current_database()) END
                   || ' RESET default_transaction_read_only; COMMIT;'
               END AS remedy
        FROM pg_settings s JOIN role r ON r.name = session_user WHERE s.name = 'default_transaction_read_only'
        """)

    static func decode(_ row: inout RowReader) throws -> (
        isStandby: Bool, isReadOnly: Bool, remedy: Remedy?
    ) {
        let (isStandby, isReadOnly) = (try row.bool("is_standby"), try row.bool("is_read_only"))
        let (hands, text) = (try row.text("hands"), try row.optionalText("remedy"))
        // Nothing was set but by this client.
        let remedy = text.map { Remedy([$0], by: Remedy.Hands(rawValue: hands) ?? .owner) }
        return (isStandby, isReadOnly, remedy)
    }
}
