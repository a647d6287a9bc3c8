import Postgres

/// The partitions that a database has which has been there for a while.
enum Retention {
    /// Makes those of all days that are kept, by the product's own function, which by itself makes none of days that are
    /// long over.
    static func fill(_ superuser: inout Connection) async throws {
        let function = try await superuser.execute(
            "SELECT pg_get_functiondef('countersign.create_partition(text, date)'::regprocedure)")[0].text(0)
        let boundless = function.replacing("current_date - 7 ", with: "current_date - 4000 ")
        guard boundless != function else { throw BenchError("create_partition has other bounds by now") }
        try await superuser.execute(boundless)
        try await superuser.execute(
            """
            DO $$
            BEGIN
                PERFORM countersign.create_partition(p.table_name, p.day) FROM (
                    SELECT DISTINCT t.table_name, countersign.partition_start(current_date - ago, t.days) AS day
                    FROM countersign.partitioned_tables t, generate_series(1, t.retention_days) AS ago) AS p
                WHERE to_regclass('countersign.' || p.table_name || '_' || to_char(p.day, 'YYYYMMDD')) IS NULL;
            END
            $$
            """)
        try await superuser.execute(function)
    }
}
