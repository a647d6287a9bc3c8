/// How the server and the database are set.
extension DoctorCheck {
    /// A login without a limit may take all connections that there are; half of them is for the service itself.
    var connectionsSQL: String {
        """
        WITH server AS (
            SELECT current_setting('max_connections')::bigint - current_setting('superuser_reserved_connections')::bigint
                   - coalesce(current_setting('reserved_connections', true)::bigint, 0) AS available
        ), limits AS (
            SELECT count(*) AS logins, sum(CASE WHEN r.rolconnlimit < 0 THEN s.available ELSE r.rolconnlimit END) AS allowed,
                   bool_and(role.is_altered) AS are_altered
            FROM server s, pg_roles r JOIN role USING (oid) WHERE r.rolname IN (SELECT login FROM login)
        )
        SELECT 'warning', format('the logins of portals and apps may open %s connections, and the server has %s for all',
                                 l.allowed, s.available),
               'Or raise max_connections, or put a pooler in front of them. A worker needs 10, a gateway --pool-size and one in '
               || 'each cell, and either up to 3 more with --operations-listen.',
               (SELECT string_agg(format('ALTER ROLE %I CONNECTION LIMIT %s;', r.rolname,
                                         greatest(1, s.available / 2 / l.logins)), E'\\n' ORDER BY r.rolname)
                FROM pg_roles r WHERE r.rolname IN (SELECT login FROM login)), \(OwnerRights.hands("l.are_altered")), false
        FROM server s, limits l WHERE l.allowed > s.available
        UNION ALL
        SELECT 'warning', 'no connection is reserved for operators and workers',
               'When portals have taken all others, nobody can look. The server must be restarted after it.',
               concat_ws(E'\\n', 'ALTER SYSTEM SET reserved_connections = 20;',
                         format('GRANT pg_use_reserved_connections TO %I, %s;', pg_get_userbyid(d.datdba),
                                (SELECT string_agg(quote_ident(name), ', ') FROM ours
                                 WHERE kind NOT IN ('portal', 'app')))), 'superuser', false
        FROM pg_database d WHERE d.datname = current_database() AND current_setting('reserved_connections', true) = '0'
        """
    }

    /// A search through all partitions locks every partition and index of a table. Twice as many are to fit into the table of
    /// locks, which all sessions share.
    var locksSQL: String {
        """
        WITH wanted AS (
            SELECT sum(((t.retention_days + 7) / t.days + 2) * (1 + (SELECT count(*) FROM pg_index x
                       WHERE x.indrelid = to_regclass('countersign.' || t.table_name))))::bigint AS locks
            FROM countersign.partitioned_tables t
        ), server AS (
            SELECT current_setting('max_locks_per_transaction')::bigint AS each,
                   current_setting('max_connections')::bigint + current_setting('max_prepared_transactions')::bigint AS sessions
        )
        SELECT 'warning', format('max_locks_per_transaction = %s leaves room for %s locks, and all partitions of a full '
                                 'installation have %s', each, each * sessions, locks),
               'Statements of everybody fail with 53200 when it is full. The server must be restarted after it.',
               format('ALTER SYSTEM SET max_locks_per_transaction = %s;', greatest(64, 4 * locks / sessions)), 'superuser', false
        FROM wanted, server WHERE each * sessions < 2 * locks
        """
    }

    /// Sessions of the database and of our logins begin with these; where the server's file has them, by RESET alone they
    /// would stay.
    var settingsSQL: String {
        """
        WITH setting AS (
            SELECT split_part(c.pair, '=', 1) AS name, substr(c.pair, strpos(c.pair, '=') + 1) AS value, r.rolname,
                   d.datname FROM pg_db_role_setting s CROSS JOIN unnest(s.setconfig) AS c (pair)
            LEFT JOIN pg_roles r ON r.oid = s.setrole LEFT JOIN pg_database d ON d.oid = s.setdatabase
            WHERE (s.setdatabase = 0 OR d.datname = current_database())
              AND (s.setrole = 0 OR EXISTS (SELECT FROM ours JOIN pg_roles g ON g.rolname = ours.name
                       JOIN pg_auth_members m ON m.roleid = g.oid WHERE m.member = s.setrole)
                   OR s.setrole = (SELECT datdba FROM pg_database WHERE datname = current_database()))
        ), place AS (
            SELECT s.name, value, CASE WHEN rolname IS NOT NULL THEN 'login ' || rolname
                                       WHEN datname IS NOT NULL THEN 'the database' ELSE 'every login' END AS who,
                   CASE WHEN rolname IS NOT NULL THEN format('ROLE %I', rolname) || coalesce(' IN DATABASE ' || quote_ident(datname), '')
                        WHEN datname IS NOT NULL THEN format('DATABASE %I', datname) ELSE 'ROLE ALL' END AS what,
                   \(OwnerRights.hands("coalesce(r.is_altered, datname IS NOT NULL)")) AS hands
            FROM setting s LEFT JOIN role r ON r.name = s.rolname
        )
        SELECT 'error', format('%s has %s = %s', who, name, value),
               CASE name WHEN 'default_transaction_read_only' THEN 'Its sessions cannot write.'
                         ELSE 'Waiting needs READ COMMITTED, and others fail when they meet.' END,
               format('BEGIN READ WRITE; ALTER %s RESET %s; COMMIT;', what, name), hands, name <> 'default_transaction_read_only'
        FROM place WHERE (name = 'default_transaction_read_only' AND lower(value) IN ('on', 'true', 'yes', '1'))
            OR (name = 'default_transaction_isolation' AND lower(value) NOT IN ('read committed', 'read uncommitted'))
        UNION ALL
        SELECT 'error', format('the server has %s = %s', name, setting), 'Sessions of all databases begin with it.',
               format(E'ALTER SYSTEM SET %s = %L;\\nSELECT pg_reload_conf();', name,
                      CASE name WHEN 'default_transaction_read_only' THEN 'off' ELSE 'read committed' END), 'superuser', false
        FROM pg_settings WHERE source = 'configuration file'
            AND (name = 'default_transaction_read_only' AND setting = 'on'
                 OR name = 'default_transaction_isolation' AND setting NOT IN ('read committed', 'read uncommitted'))
        """
    }

    var encodingSQL: String {
        """
        SELECT 'error', 'the database is ' || current_setting('server_encoding') || ' and not UTF8',
               'Texts break. Stop all programs, copy it into a new one, and use that.',
               format('createdb --encoding=UTF8 --template=template0 %s_utf8 && pg_dump --dbname=%1$s | '
                      'psql --set=ON_ERROR_STOP=1 --quiet %1$s_utf8', quote_ident(current_database())), 'shell', false
        WHERE current_setting('server_encoding') <> 'UTF8'
        """
    }

    var standbysSQL: String {
        """
        SELECT 'warning', format('standby %s is asynchronous', application_name),
               'After a failover to it what was over may be open again; see After a restore in Deployment.md.',
               E'ALTER SYSTEM SET synchronous_standby_names = ''ANY 1 (*)'';\\nSELECT pg_reload_conf();', 'superuser', false
        FROM pg_stat_replication WHERE sync_state IN ('async', 'potential') AND state = 'streaming'
          AND current_setting('synchronous_standby_names') = ''
        """
    }

    var autovacuumSQL: String {
        """
        SELECT 'error', name || ' is off for the server', 'Queues would only ever grow.',
               format(E'ALTER SYSTEM SET %s = on;\\nSELECT pg_reload_conf();', name), 'superuser', false
        FROM pg_settings WHERE name IN ('autovacuum', 'track_counts') AND setting = 'off'
        UNION ALL
        SELECT 'warning', 'autovacuum looks only every ' || current_setting('autovacuum_naptime'), 'A minute or less is better.',
               E'ALTER SYSTEM SET autovacuum_naptime = ''1min'';\\nSELECT pg_reload_conf();', 'superuser', false
        WHERE current_setting('autovacuum_naptime')::interval > interval '1 minute'
        UNION ALL
        SELECT 'error', oid::regclass || ' has autovacuum switched off', 'It would only ever grow.',
               format('ALTER TABLE %s RESET (autovacuum_enabled);', oid::regclass), 'owner', true
        FROM pg_class WHERE relnamespace = 'countersign'::regnamespace
          AND EXISTS (SELECT FROM unnest(reloptions) o WHERE o ~ '^autovacuum_enabled=(off|false|no|0)$')
        """
    }

    var statementLogSQL: String {
        """
        WITH base AS (SELECT quote_ident(current_database()) AS name)
        SELECT 'warning', 'the server logs statements (log_statement = ' || current_setting('log_statement') || ')',
               'A client that writes codes into its SQL instead of passing parameters has them in that log.',
               format('ALTER DATABASE %s SET log_statement = %L;', base.name, 'ddl'), 'superuser', false
        FROM base WHERE current_setting('log_statement') IN ('mod', 'all')
        UNION ALL
        SELECT 'warning', format('the server logs the parameters of statements (log_statement = %s, '
                                 'log_min_duration_statement = %s)', current_setting('log_statement'),
                                 current_setting('log_min_duration_statement')),
               'Codes travel as parameters.',
               format('ALTER DATABASE %s SET log_parameter_max_length = 0;', base.name), 'superuser', false
        FROM base WHERE current_setting('log_parameter_max_length') <> '0'
          AND (current_setting('log_statement') IN ('mod', 'all')
               OR current_setting('log_min_duration_statement') <> '-1')
        """
    }
}
