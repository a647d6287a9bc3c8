/// What happens in the database.
extension DoctorCheck {
    var indexesSQL: String {
        """
        SELECT 'error', x.indexrelid::regclass || ' is invalid, so it is kept up to date and never used',
               'A build of it was interrupted.', format('REINDEX INDEX CONCURRENTLY %s;', x.indexrelid::regclass), 'owner', true
        FROM pg_index x JOIN pg_class c ON c.oid = x.indexrelid
        WHERE c.relnamespace = 'countersign'::regnamespace AND NOT (x.indisvalid AND x.indisready)
        """
    }

    var partitionsSQL: String {
        """
        SELECT 'warning', CASE WHEN count(*) = 1 THEN '1 partition has outlived its retention: ' || min(partition_name)
                          ELSE format('%s partitions have outlived their retention: %s to %s', count(*),
                                      min(partition_name), max(partition_name)) END,
               'The housekeep stage drops them; its log says what keeps it from that.',
               string_agg(format('SELECT countersign.drop_partition(%L);', partition_name), E'\\n' ORDER BY partition_name),
               'owner', false
        FROM countersign.outlived_partitions() HAVING count(*) > 0
        """
    }

    var bloatSQL: String {
        """
        SELECT 'warning', relname || ' has ' || n_dead_tup || ' dead rows beside ' || n_live_tup || ' live ones',
               'When that frees nothing, somebody holds an old snapshot.', format('VACUUM %s;', relid::regclass), 'owner', true
        FROM pg_stat_user_tables WHERE schemaname = 'countersign' AND n_dead_tup > 100000 AND n_dead_tup > n_live_tup
        """
    }

    var snapshotsSQL: String {
        """
        SELECT 'warning', format('process %s of %s (%s) holds a snapshot since %s', pid, usename, application_name,
                                 to_char(xact_start AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI:SS"Z"')),
               'Dead rows pile up in every table until it commits or ends.',
               format('SELECT pg_terminate_backend(%s);', pid), 'superuser', false
        FROM pg_stat_activity WHERE backend_xmin IS NOT NULL AND xact_start < clock_timestamp() - interval '5 minutes'
          AND coalesce(datname, current_database()) = current_database()  -- a standby's has none, and counts everywhere
          AND pid NOT IN (SELECT pid FROM pg_stat_progress_vacuum)  -- which keeps no dead row from going
        UNION ALL
        SELECT 'warning', format('prepared transaction %s of %s is open since %s', gid, owner, prepared),
               'Or COMMIT PREPARED it.', format('ROLLBACK PREPARED %L;', gid), 'superuser', false
        FROM pg_prepared_xacts WHERE prepared < clock_timestamp() - interval '5 minutes' AND database = current_database()
        UNION ALL
        SELECT 'warning', 'this login does not see what others are doing', 'Old snapshots and standbys are not seen either.',
               format('GRANT pg_monitor TO %I;', current_user), 'superuser', false
        WHERE NOT pg_has_role('pg_read_all_stats', 'USAGE')
        """
    }

    var workersSQL: String {
        """
        WITH live AS (
            SELECT * FROM countersign.workers WHERE heartbeat_at > clock_timestamp() - interval '15 s' AND NOT draining
        )
        SELECT 'error', 'no live worker runs ' || string_agg(c.stage, ', ' ORDER BY c.stage), 'Its rows wait.',
               'countersign work' || CASE WHEN EXISTS (SELECT FROM live)
                   THEN ' --stages ' || string_agg(c.stage, ',' ORDER BY c.stage) ELSE '' END, 'shell', false
        FROM countersign.stage_controls c WHERE NOT EXISTS (SELECT FROM countersign.worker_stages s
            JOIN live USING (worker_id) WHERE s.stage = c.stage) HAVING count(*) > 0
        UNION ALL
        SELECT 'warning', 'workers of different programs: ' || string_agg(DISTINCT program::text, ', '),
               'Fine during an upgrade; finish it by ending these, which their supervisor starts anew.',
               (SELECT string_agg('countersign worker drain ' || worker_id, E'\\n') FROM live
                WHERE program < (SELECT max(program) FROM live)), 'shell', false
        FROM live HAVING count(DISTINCT program) > 1
        UNION ALL
        SELECT 'warning', format('types compare countries (%s), and %s', t.names,
                   CASE WHEN l.have = 0 THEN 'no live worker has a file of places' ELSE 'not every live worker has a file of places' END),
               'Without one the country is unknown, which nobody is refused for. Start workers of the stage validate with the option.',
               'countersign work --geoip FILE', 'shell', false
        FROM (SELECT string_agg(name, ', ' ORDER BY name) AS names FROM countersign.auth_types
              WHERE same_country <> 'off') AS t,
             (SELECT count(*) AS workers, count(*) FILTER (WHERE has_places) AS have
              FROM live JOIN countersign.worker_stages s USING (worker_id) WHERE s.stage = 'validate') AS l
        WHERE t.names IS NOT NULL AND l.workers > l.have
        UNION ALL
        SELECT 'warning', 'stage ' || stage || ' is paused', \(Self.paused) || 'Unless that is meant, resume it.',
               'countersign stage resume ' || stage, 'shell', false FROM countersign.stage_controls WHERE paused
        UNION ALL
        SELECT 'warning', 'portal ' || name || ' is paused, its requests wait',
               \(Self.paused) || 'Unless that is meant, resume it.',
               'countersign portal resume ' || name, 'shell', false FROM countersign.portals WHERE paused
        UNION ALL
        SELECT 'warning', format('portal %s has reached its limit of %s open requests', name, max_open_requests),
               'New ones are refused (CS008) until some have ended. Is it attacked, or has it grown?',
               format('countersign portal limit %s %s', name, least(2 * max_open_requests::bigint, 100000000)), 'shell', false
        FROM countersign.portals WHERE over_limit
        UNION ALL
        SELECT 'warning', s.name || ' is off, so new requests are refused', 'Unless that is meant, switch it on.',
               format('countersign settings set %s=true', s.name), 'shell', false
        FROM (SELECT 'mobile_authentication_enabled' AS name, mobile_authentication_enabled AS is_on
              FROM countersign.settings
              UNION ALL SELECT 'enrollment_enabled', enrollment_enabled FROM countersign.settings) AS s
        WHERE NOT s.is_on
        """
    }

    /// Who has done it and when, a sentence of its own; nothing where that is not known.
    private static let paused = """
        CASE WHEN paused_at IS NULL THEN '' ELSE format('By %s at %s. ', regexp_replace(paused_by, '^console:', ''),
            to_char(paused_at AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI:SS"Z"')) END
        """

    /// As it was found by the worker that keeps house: whoever asks the server itself is in the way of others.
    var notificationsSQL: String {
        """
        SELECT 'warning', CASE WHEN paused.value > 0 THEN 'nobody is notified: ' ELSE '' END
                          || format('the notification queue is %s %% full', round((usage.value * 100)::numeric, 1)),
               'A session that listens idles in a transaction. This ends those that have idled for a minute.',
               'SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE state LIKE ''idle in transaction%'' '
               || 'AND state_change < clock_timestamp() - interval ''1 min'';', 'superuser', false
        FROM countersign.operating_figures() AS usage, countersign.operating_figures() AS paused
        WHERE usage.name = 'notification_queue_usage' AND paused.name = 'notifications_paused'
          AND (usage.value > 0.1 OR paused.value > 0)
        """
    }
}
