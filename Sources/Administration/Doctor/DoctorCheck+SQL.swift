import Postgres

extension DoctorCheck {
    /// Columns grade, finding, advice.
    var sql: String {
        switch self {
        case .schema: ListObjects.statement.sql
        case .indexes:
            """
            SELECT 'error', x.indexrelid::regclass || ' is invalid, so it is kept up to date and never used',
                   'DROP INDEX CONCURRENTLY it and build it again, or REINDEX INDEX CONCURRENTLY.'
            FROM pg_index x JOIN pg_class c ON c.oid = x.indexrelid
            WHERE c.relnamespace = 'countersign'::regnamespace AND NOT (x.indisvalid AND x.indisready)
            """
        case .roles:
            """
            WITH ours AS (
                SELECT unnest(ARRAY['countersign_portal', 'countersign_app', 'countersign_gateway',
                                    'countersign_worker', 'countersign_monitor', 'countersign_admin']) AS name
            ), member AS (
                SELECT l.rolname, g.rolname AS in_group FROM pg_auth_members m JOIN pg_roles l ON l.oid = m.member
                JOIN pg_roles g ON g.oid = m.roleid JOIN ours ON ours.name = g.rolname WHERE l.rolcanlogin
            )
            SELECT 'error', 'group ' || name || ' is missing', 'Restore the roles of the server (pg_dumpall --roles-only).'
            FROM ours WHERE to_regrole(name) IS NULL
            UNION ALL
            SELECT 'error', 'group ' || r.rolname || ' can log in or has privileges of its own',
                   'ALTER ROLE ... NOLOGIN NOSUPERUSER NOBYPASSRLS NOCREATEROLE NOCREATEDB.'
            FROM pg_roles r JOIN ours ON ours.name = r.rolname
            WHERE r.rolcanlogin OR r.rolsuper OR r.rolbypassrls OR r.rolcreaterole OR r.rolcreatedb
            UNION ALL
            SELECT 'error', 'login ' || p.rolname || ' of a portal or an app is also in ' || o.in_group,
                   'REVOKE that group from it: it sees more than its own rows.'
            FROM member p JOIN member o ON o.rolname = p.rolname AND o.in_group <> p.in_group
            WHERE p.in_group IN ('countersign_portal', 'countersign_app')
              AND p.rolname IN (SELECT login FROM countersign.portals UNION SELECT login FROM countersign.apps)
            UNION ALL
            SELECT 'error', 'portal ' || p.name || ' has no login ' || p.login, 'Create the role and GRANT it countersign_portal.'
            FROM countersign.portals p WHERE to_regrole(quote_ident(p.login)) IS NULL
            UNION ALL
            SELECT 'error', 'app ' || a.name || ' has no login ' || a.login, 'Create the role and GRANT it countersign_app.'
            FROM countersign.apps a WHERE to_regrole(quote_ident(a.login)) IS NULL
            """
        case .publicRights:
            """
            SELECT 'error', 'PUBLIC has ' || string_agg(DISTINCT lower(a.privilege_type), ', ') || ' on ' || what,
                   'REVOKE ALL ... FROM PUBLIC, as the first migration did.'
            FROM (SELECT 'the database' AS what, datacl AS acl FROM pg_database WHERE datname = current_database()
                  UNION ALL
                  SELECT 'the schema', nspacl FROM pg_namespace WHERE nspname = 'countersign'
                  UNION ALL
                  SELECT oid::regclass::text, relacl FROM pg_class WHERE relnamespace = 'countersign'::regnamespace
                  UNION ALL
                  SELECT oid::regprocedure::text, coalesce(proacl, acldefault('f', proowner)) FROM pg_proc
                  WHERE pronamespace = 'countersign'::regnamespace) AS object, aclexplode(acl) AS a
            WHERE a.grantee = 0 GROUP BY what
            """
        case .bloat:
            """
            SELECT 'warning', relname || ' has ' || n_dead_tup || ' dead rows beside ' || n_live_tup || ' live ones',
                   'VACUUM it; when that frees nothing, somebody holds an old snapshot.'
            FROM pg_stat_user_tables WHERE schemaname = 'countersign' AND n_dead_tup > 100000 AND n_dead_tup > n_live_tup
            """
        case .snapshots:
            """
            SELECT 'warning', format('process %s of %s (%s) holds a snapshot since %s', pid, usename, application_name,
                                     to_char(xact_start AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI:SS"Z"')),
                   'Dead rows pile up in every table until it ends: have it commit, or pg_terminate_backend it.'
            FROM pg_stat_activity WHERE backend_xmin IS NOT NULL AND xact_start < clock_timestamp() - interval '5 minutes'
              AND pid NOT IN (SELECT pid FROM pg_stat_progress_vacuum)  -- which keeps no dead row from going
            UNION ALL
            SELECT 'warning', format('prepared transaction %s of %s is open since %s', gid, owner, prepared),
                   'COMMIT PREPARED or ROLLBACK PREPARED it.'
            FROM pg_prepared_xacts WHERE prepared < clock_timestamp() - interval '5 minutes'
            UNION ALL
            SELECT 'warning', 'this login does not see what others are doing', 'GRANT pg_monitor to it.'
            WHERE NOT pg_has_role('pg_read_all_stats', 'USAGE')
            """
        case .autovacuum:
            """
            SELECT 'error', 'autovacuum is off for the server', 'Set autovacuum = on: queues would only ever grow.'
            WHERE NOT current_setting('autovacuum')::boolean
            UNION ALL
            SELECT 'error', 'track_counts is off', 'Set track_counts = on: autovacuum and the depth of queues need it.'
            WHERE NOT current_setting('track_counts')::boolean
            UNION ALL
            SELECT 'warning', 'autovacuum looks only every ' || current_setting('autovacuum_naptime'),
                   'Set autovacuum_naptime to 1min or less.'
            WHERE current_setting('autovacuum_naptime')::interval > interval '1 minute'
            UNION ALL
            SELECT 'error', oid::regclass || ' has autovacuum switched off', 'ALTER TABLE ... RESET (autovacuum_enabled).'
            FROM pg_class WHERE relnamespace = 'countersign'::regnamespace
              AND 'autovacuum_enabled=false' = ANY (reloptions)
            """
        case .workers:
            """
            WITH live AS (
                SELECT * FROM countersign.workers WHERE heartbeat_at > clock_timestamp() - interval '15 s' AND NOT draining
            )
            SELECT 'warning', 'no live worker runs ' || string_agg(c.stage, ', ' ORDER BY c.stage),
                   'Start `countersign work` with these stages.'
            FROM countersign.stage_controls c WHERE NOT EXISTS (SELECT FROM countersign.worker_stages s
                JOIN live USING (worker_id) WHERE s.stage = c.stage) HAVING count(*) > 0
            UNION ALL
            SELECT 'warning', 'workers of different programs: ' || string_agg(DISTINCT program::text, ', '),
                   'Fine during an upgrade; finish it.'
            FROM live HAVING count(DISTINCT program) > 1
            UNION ALL
            SELECT 'warning', 'stage ' || stage || ' is paused', 'Resume it: `countersign stage resume ' || stage || '`.'
            FROM countersign.stage_controls WHERE paused
            UNION ALL
            SELECT 'warning', 'portal ' || name || ' is paused, its requests wait',
                   'Resume it: `countersign portal resume ' || name || '`.'
            FROM countersign.portals WHERE paused
            UNION ALL
            SELECT 'warning', format('portal %s has reached its limit of %s open requests', name, max_open_requests),
                   'New ones are refused (CS008) until some have ended; `countersign portal limit` changes it.'
            FROM countersign.portals WHERE over_limit
            UNION ALL
            SELECT 'warning', s.name || ' is off, so new requests are refused',
                   'Unless that is meant: `countersign settings set ' || s.name || '=true`.'
            FROM (SELECT 'mobile_authentication_enabled' AS name, mobile_authentication_enabled AS is_on
                  FROM countersign.settings
                  UNION ALL SELECT 'enrollment_enabled', enrollment_enabled FROM countersign.settings) AS s
            WHERE NOT s.is_on
            """
        case .statementLog:
            """
            SELECT 'warning', 'the server logs statements (log_statement = ' || current_setting('log_statement') || ')',
                   'A client that writes codes into its SQL instead of passing parameters has them in that log.'
            WHERE current_setting('log_statement') IN ('mod', 'all')
            UNION ALL
            SELECT 'warning', format('the server logs the parameters of statements (log_statement = %s, '
                                     'log_min_duration_statement = %s)', current_setting('log_statement'),
                                     current_setting('log_min_duration_statement')),
                   'Codes travel as parameters: have a superuser ALTER DATABASE ... SET log_parameter_max_length = 0.'
            WHERE current_setting('log_parameter_max_length') <> '0'
              AND (current_setting('log_statement') IN ('mod', 'all')
                   OR current_setting('log_min_duration_statement') <> '-1')
            """
        case .notifications:
            """
            SELECT 'warning', format('the notification queue is %s %% full', round(pg_notification_queue_usage() * 100)),
                   'A session that LISTENs idles in a transaction; at half full we stop notifying and poll.'
            WHERE pg_notification_queue_usage() > 0.1
            """
        }
    }
}
