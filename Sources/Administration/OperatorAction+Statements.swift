package import Postgres

/// Each changes what is not so already, writes the audit event in the same statement, and says whether it changed
/// anything; no row means that there is no such thing.
extension OperatorAction {
    package static let pausingStage = Statement(
        "action.pause_stage",
        """
        WITH changed AS (
            UPDATE countersign.stage_controls SET paused = $2::boolean, updated_at = clock_timestamp()
            WHERE stage = $1 AND paused <> $2::boolean RETURNING stage
        ), audited AS (
            INSERT INTO countersign.events (type, details)
            SELECT CASE WHEN $2 THEN 'stage.paused' ELSE 'stage.resumed' END, jsonb_build_object('stage', stage)
            FROM changed
        )
        SELECT EXISTS (SELECT FROM changed)
        """)

    package static let settingBatchSize = Statement(
        "action.batch_size",
        """
        WITH changed AS (
            UPDATE countersign.stage_controls SET batch_size = $2::integer, updated_at = clock_timestamp()
            WHERE stage = $1 AND batch_size IS DISTINCT FROM $2::integer RETURNING stage
        ), audited AS (
            INSERT INTO countersign.events (type, details)
            SELECT 'stage.batch_size', jsonb_build_object('stage', stage, 'batch_size', $2::integer) FROM changed
        )
        SELECT EXISTS (SELECT FROM changed)
        """)

    package static let pausingPortal = Statement(
        "action.pause_portal",
        """
        WITH changed AS (
            UPDATE countersign.portals SET paused = $2::boolean WHERE name = $1 AND paused <> $2::boolean
            RETURNING portal_id
        ), audited AS (
            INSERT INTO countersign.events (portal_id, type, details)
            SELECT portal_id, CASE WHEN $2 THEN 'portal.paused' ELSE 'portal.resumed' END,
                   jsonb_build_object('name', $1::text) FROM changed
        )
        SELECT EXISTS (SELECT FROM changed) FROM countersign.portals WHERE name = $1
        """)

    package static let limitingPortal = Statement(
        "action.limit_portal",
        """
        WITH changed AS (
            UPDATE countersign.portals SET max_open_requests = $2::integer
            WHERE name = $1 AND max_open_requests <> $2::integer RETURNING portal_id
        ), audited AS (
            INSERT INTO countersign.events (portal_id, type, details)
            SELECT portal_id, 'portal.limited', jsonb_build_object('name', $1::text, 'max_open_requests', $2::integer)
            FROM changed
        )
        SELECT EXISTS (SELECT FROM changed) FROM countersign.portals WHERE name = $1
        """)

    package static let drainingWorker = Statement(
        "action.drain_worker",
        """
        WITH changed AS (
            UPDATE countersign.workers SET drain_requested = true WHERE worker_id = $1 AND NOT drain_requested
            RETURNING worker_id
        ), audited AS (
            INSERT INTO countersign.events (type, details)
            SELECT 'worker.drained', jsonb_build_object('worker', worker_id) FROM changed
        )
        SELECT EXISTS (SELECT FROM changed) FROM countersign.workers WHERE worker_id = $1
        """)

    /// $1 module, $2 level or NULL.
    package static let settingLogLevel = Statement(
        "action.log_level",
        """
        WITH gone AS (
            DELETE FROM countersign.log_levels WHERE module = $1 AND $2::text IS NULL RETURNING module
        ), written AS (
            INSERT INTO countersign.log_levels (module, level) SELECT $1, $2::text WHERE $2::text IS NOT NULL
            ON CONFLICT (module) DO UPDATE SET level = excluded.level, updated_at = clock_timestamp()
                WHERE log_levels.level <> excluded.level
            RETURNING module
        ), changed AS (
            SELECT module FROM gone UNION ALL SELECT module FROM written
        ), audited AS (
            INSERT INTO countersign.events (type, details)
            SELECT 'log_level.changed', jsonb_build_object('module', module, 'level', $2::text) FROM changed
        )
        SELECT EXISTS (SELECT FROM changed)
        """)

    package static var all: [Statement] {
        [pausingStage, settingBatchSize, pausingPortal, limitingPortal, drainingWorker, settingLogLevel]
    }
}
