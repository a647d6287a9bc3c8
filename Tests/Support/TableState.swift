package import Postgres

/// What statements are planned by, and what tables they meet.
package enum TableState: String, CaseIterable, Sendable {
    case neverAnalysed, analysedWhenEmpty, plannedWhenEmpty, allDueAtOnce, oldDaysAndSnapshot

    /// Before statements are prepared and tables are filled.
    package func begin() async throws {
        if self == .oldDaysAndSnapshot { try await Database.current.addDays() }
        if self != .neverAnalysed && self != .plannedWhenEmpty {
            try await Database.current.arrangeAsSuperuser("ANALYZE")
        }
    }

    /// Once tables are filled: a session that keeps every dead row of what `changes` changes, in the state with such a one.
    package func holdSnapshot(_ changes: String) async throws -> Connection? {
        guard self == .oldDaysAndSnapshot else { return nil }
        var reader = try await Database.current.connectAsSuperuser()
        try await reader.execute(
            "BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT count(*) FROM countersign.portals")
        try await Database.current.arrangeAsSuperuser("SET session_replication_role = replica; \(changes)")
        return reader
    }
}

extension Database {
    /// As if each plan were made so many days from now: for the ids of one day.
    package func plan(days: Int) async throws {
        try await arrange(
            ["from", "until"].map { bound in
                """
                CREATE OR REPLACE FUNCTION countersign.recent_\(bound)() RETURNS uuid
                LANGUAGE plpgsql IMMUTABLE SET search_path = pg_catalog, pg_temp AS $$
                BEGIN
                    RETURN countersign.uuid_floor(clock_timestamp() + interval '\(days) days'
                                                  + interval '\(bound == "from" ? 0 : 1) days');
                END
                $$;
                """
            }.joined())
    }

    /// Partitions of the last 30 days.
    package func addDays() async throws {
        try await arrangeAsSuperuser(
            """
            DO $$
            DECLARE
                t record;
                d date;
            BEGIN
                FOR t IN SELECT table_name, days FROM countersign.partitioned_tables LOOP
                    FOR d IN SELECT DISTINCT countersign.partition_start(current_date - n, t.days)
                             FROM generate_series(t.days, 30) AS n LOOP
                        EXECUTE format('CREATE TABLE countersign.%I PARTITION OF countersign.%I FOR VALUES FROM (%L) TO (%L)',
                            t.table_name || to_char(d, '_YYYYMMDD'), t.table_name,
                            countersign.uuid_floor(d::timestamp AT TIME ZONE 'UTC'),
                            countersign.uuid_floor((d + t.days)::timestamp AT TIME ZONE 'UTC'));
                    END LOOP;
                END LOOP;
            END
            $$
            """)
    }
}
