package import Postgres

/// Whether this worker does the housekeeping; if it does, it has the house for five seconds more, and the database has
/// written down what it knows of itself. 1129512966 is the bell's key of this stage; 17 is next to the lock that
/// one worker holds while the bell is armed, and used by nothing else. Any login may take any advisory lock, so one
/// that is held by a login which is no worker is passed over. When two workers do this at a time, each step is only
/// done twice.
package struct TakeHousekeeping: PreparedStatement {
    let worker: Identifier

    package init(worker: Identifier) { self.worker = worker }

    package static let statement = Statement(
        "housekeep.lead",
        """
        SELECT countersign.keep_house($1, pg_try_advisory_lock(1129512966, 17) OR NOT EXISTS (
            SELECT FROM pg_locks l JOIN pg_stat_activity a USING (pid)
            WHERE l.locktype = 'advisory' AND l.granted AND (l.classid, l.objid) = (1129512966, 17)
              AND l.database = (SELECT d.oid FROM pg_database d WHERE d.datname = current_database())
              AND (a.usename = current_user
                   OR pg_has_role(a.usesysid, countersign.group_role('worker'), 'MEMBER')))) AS leads
        """)
    package var parameters: [Parameter] { [.identifier(worker)] }

    package static func decode(_ row: inout RowReader) throws -> Bool { try row.bool("leads") }
}

/// `queue_status()` believes figures that are at most five seconds old.
struct MeasureQueues: PreparedStatement {
    static let statement = Statement(
        "housekeep.measure_queues", "SELECT FROM countersign.measure_queues()")
}

/// Pauses notifying while the server's notification queue fills up.
package struct MeasureNotifications: PreparedStatement {
    package init() {}

    package static let statement = Statement(
        "housekeep.measure_notifications", "SELECT FROM countersign.measure_notifications()")
}

/// Closes the last whole minute of events, once nobody can write into it any more.
package struct CloseEvents: PreparedStatement {
    package init() {}

    package static let statement = Statement(
        "housekeep.close_events", "SELECT countersign.close_events() AS events")

    /// How many were closed; nil while there is nothing to close.
    package static func decode(_ row: inout RowReader) throws -> Int? { try row.optionalInt("events") }
}

/// Sets and clears the flags of the portals that have come to their limit of open requests, or below it, and of the apps
/// with theirs of submissions that wait.
struct RecountLimits: PreparedStatement {
    static let statement = Statement(
        "housekeep.recount_limits",
        """
        WITH apps AS (
            UPDATE countersign.apps a SET over_limit = counted.over
            FROM (SELECT a.app_id, coalesce(c.waiting, 0) >= a.max_waiting AS over
                  FROM countersign.apps a
                  LEFT JOIN (SELECT q.app_id, count(*) AS waiting FROM countersign.validate_queue q
                             GROUP BY q.app_id) AS c USING (app_id)) AS counted
            WHERE counted.app_id = a.app_id AND counted.over <> a.over_limit
        )
        UPDATE countersign.portals p SET over_limit = counted.over
        FROM (SELECT p.portal_id, coalesce(c.open, 0) >= p.max_open_requests AS over
              FROM countersign.portals p
              LEFT JOIN (SELECT r.portal_id, count(*) AS open FROM countersign.auth_requests r
                         WHERE r.open_until IS NOT NULL GROUP BY r.portal_id) AS c USING (portal_id)) AS counted
        WHERE counted.portal_id = p.portal_id AND counted.over <> p.over_limit
        """)
}

/// Codes that a portal was collecting while their request ended. By their places, as `IN` would compare each code with each
/// that goes: 12,000 took more than the 30 s that a statement may.
package struct SweepSecrets: PreparedStatement {
    package init() {}

    package static let statement = Statement(
        "housekeep.sweep_secrets",
        """
        DELETE FROM countersign.otp_secrets WHERE ctid = ANY (ARRAY(
            SELECT o.ctid FROM countersign.otp_secrets o
            CROSS JOIN LATERAL (SELECT r.open_until FROM countersign.auth_requests r
                                WHERE r.transaction_id = o.transaction_id LIMIT 1) AS request
            WHERE request.open_until IS NULL FOR UPDATE OF o SKIP LOCKED))
        """)
}

/// Tokens of pages, which see how their sign-in has ended for 300 s.
package struct SweepBrowserTokens: PreparedStatement {
    package init() {}

    package static let statement = Statement(
        "housekeep.sweep_browser_tokens",
        """
        DELETE FROM countersign.browser_tokens WHERE expires_at < clock_timestamp() - interval '300 s'
        """)
}

/// Requests of paused and disabled portals stay queued in case the portal goes on; an hour is past any end.
struct SweepIssueQueue: PreparedStatement {
    static let statement = Statement(
        "housekeep.sweep_issue_queue",
        """
        DELETE FROM countersign.issue_queue WHERE ctid = ANY (ARRAY(
            SELECT q.ctid FROM countersign.portals p JOIN countersign.issue_queue q USING (portal_id)
            WHERE (p.paused OR NOT p.enabled)
              AND q.transaction_id < (SELECT countersign.uuid_floor(clock_timestamp() - interval '1 hour'))
            FOR UPDATE OF q SKIP LOCKED))
        """)
}

/// Workers that have not been heard of for a day.
struct SweepWorkers: PreparedStatement {
    static let statement = Statement(
        "housekeep.sweep_workers",
        "DELETE FROM countersign.workers WHERE heartbeat_at < clock_timestamp() - interval '1 day'")
}

/// Browsers that nobody has signed in with for 400 days. How many were forgotten.
struct ForgetBrowsers: PreparedStatement {
    let limit: Int32

    static let statement = Statement(
        "housekeep.forget_browsers", "SELECT countersign.forget_browsers($1) AS forgotten")
    var parameters: [Parameter] { [.int32(limit)] }

    static func decode(_ row: inout RowReader) throws -> Int { try row.int("forgotten") }
}

/// Adds a point to the figures of the past, which the console draws.
struct RecordHistory: PreparedStatement {
    static let statement = Statement(
        "housekeep.record_history", "SELECT FROM countersign.record_history()")
}

/// The partitions of the next seven days that do not exist yet.
struct FindMissingPartitions: PreparedStatement {
    struct Output {
        let table: String
        let name: String
        let day: String
    }

    static let statement = Statement(
        "housekeep.missing_partitions",
        "SELECT table_name, partition_name, day::text FROM countersign.missing_partitions()")

    static func decode(_ row: inout RowReader) throws -> Output {
        Output(
            table: try row.text("table_name"), name: try row.text("partition_name"), day: try row.text("day"))
    }
}

struct CreatePartition: PreparedStatement {
    let table: String
    let day: String

    static let statement = Statement(
        "housekeep.create_partition", "SELECT countersign.create_partition($1, $2::text::date)")
    var parameters: [Parameter] { [.text(table), .text(day)] }
}

/// The partitions that retention is done with.
struct FindOutlivedPartitions: PreparedStatement {
    static let statement = Statement(
        "housekeep.outlived_partitions", "SELECT partition_name FROM countersign.outlived_partitions()")

    static func decode(_ row: inout RowReader) throws -> String { try row.text("partition_name") }
}

struct DropPartition: PreparedStatement {
    let name: String

    static let statement = Statement("housekeep.drop_partition", "SELECT countersign.drop_partition($1)")
    var parameters: [Parameter] { [.text(name)] }
}
