-- Partitions: one a day (UTC), or one a week from Monday on, seven days ahead, and a default that should stay empty.
-- after: identifiers

-- The first day of that table's partition which a day belongs to, and by which the partition is named.
CREATE OR REPLACE FUNCTION countersign.partition_start(day date, days integer) RETURNS date
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN day - (day - date '2001-01-01') % days;  -- a Monday
COMMENT ON FUNCTION countersign.partition_start(date, integer) IS
    'The first day of the partition that a day belongs to, where partitions have so many days.';

-- The partitions that should exist and do not.
CREATE OR REPLACE FUNCTION countersign.missing_partitions(days_ahead integer DEFAULT 7)
RETURNS TABLE (table_name text, partition_name text, day date)
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    today date := (clock_timestamp() AT TIME ZONE 'UTC')::date;
BEGIN
    RETURN QUERY
        SELECT DISTINCT t.table_name, t.table_name || '_' || to_char(p.day, 'YYYYMMDD'), p.day
        FROM countersign.partitioned_tables t, generate_series(0, days_ahead) AS ahead,
             countersign.partition_start(today + ahead, t.days) AS p (day)
        WHERE to_regclass('countersign.' || t.table_name || '_' || to_char(p.day, 'YYYYMMDD')) IS NULL
        ORDER BY p.day, t.table_name;
END
$$;
COMMENT ON FUNCTION countersign.missing_partitions(integer) IS
    'Partitions for today and so many days ahead that do not exist. Housekeep makes them.';

-- Makes the partition that a day belongs to. CREATE LIKE then ATTACH asks for weaker locks on the parent than CREATE PARTITION OF;
-- the caller's lock_timeout of 50 ms keeps everybody else from queueing behind us, and housekeep tries again.
CREATE OR REPLACE FUNCTION countersign.create_partition(table_name text, day date) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET lock_timeout = '50ms' AS $$
DECLARE
    settled countersign.partitioned_tables%ROWTYPE;
    first date;
    child text;
    unmeasured name;
BEGIN
    SELECT * INTO STRICT settled FROM countersign.partitioned_tables p
        WHERE p.table_name = create_partition.table_name;
    IF day NOT BETWEEN current_date - 7 * settled.days AND current_date + 60 THEN
        RAISE EXCEPTION USING ERRCODE = 'CS003', MESSAGE = 'day must lie within 7 partitions back and 60 days ahead';
    END IF;
    first := countersign.partition_start(day, settled.days);
    child := table_name || '_' || to_char(first, 'YYYYMMDD');
    EXECUTE format('CREATE TABLE countersign.%I (LIKE countersign.%I INCLUDING ALL) WITH (fillfactor = %s, '
                   'autovacuum_vacuum_scale_factor = 0.05, autovacuum_analyze_scale_factor = 0.02)',
                   child, table_name, settled.fillfactor);
    -- LIKE does not copy how much of a column statistics keep, and of what identifies somebody they must keep nothing.
    FOR unmeasured IN SELECT a.attname FROM pg_attribute a
                      WHERE a.attrelid = to_regclass('countersign.' || table_name) AND a.attnum > 0 AND a.attstattarget = 0
    LOOP
        EXECUTE format('ALTER TABLE countersign.%I ALTER COLUMN %I SET STATISTICS 0', child, unmeasured);
    END LOOP;
    EXECUTE format('ALTER TABLE countersign.%I ATTACH PARTITION countersign.%I FOR VALUES FROM (%L) TO (%L)',
                   table_name, child, countersign.uuid_floor(first::timestamp AT TIME ZONE 'UTC'),
                   countersign.uuid_floor((first + settled.days)::timestamp AT TIME ZONE 'UTC'));
END
$$;

-- The partitions whose last row is older than the table's retention.
CREATE OR REPLACE FUNCTION countersign.outlived_partitions() RETURNS TABLE (partition_name text)
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    RETURN QUERY
        SELECT c.relname::text
        FROM countersign.partitioned_tables t
        JOIN pg_inherits i ON i.inhparent = to_regclass('countersign.' || t.table_name)
        JOIN pg_class c ON c.oid = i.inhrelid
        WHERE c.relname ~ '_[0-9]{8}$'
          AND to_date(right(c.relname, 8), 'YYYYMMDD') + t.retention_days + t.days
              <= (clock_timestamp() AT TIME ZONE 'UTC')::date
        ORDER BY c.relname;
END
$$;

COMMENT ON FUNCTION countersign.outlived_partitions() IS
    'Partitions whose last day is older than rows are kept. Housekeep drops them.';

-- Drops one outlived partition, and no other table: the name must be one that outlived_partitions lists.
CREATE OR REPLACE FUNCTION countersign.drop_partition(partition_name text) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET lock_timeout = '50ms' AS $$
BEGIN
    IF NOT EXISTS (SELECT FROM countersign.outlived_partitions() o
                   WHERE o.partition_name = drop_partition.partition_name) THEN
        RAISE EXCEPTION USING ERRCODE = 'CS003',
            MESSAGE = format('%I is not a partition that has outlived its retention', partition_name);
    END IF;
    EXECUTE format('DROP TABLE countersign.%I', partition_name);
END
$$;

-- Takes a partition back that was detached by hand, with what has come to the default partition in its place. The owner's.
CREATE OR REPLACE FUNCTION countersign.attach_partition(partition_name text) RETURNS void
LANGUAGE plpgsql VOLATILE SET search_path = pg_catalog, pg_temp SET lock_timeout = '2s' AS $$
DECLARE
    settled countersign.partitioned_tables%ROWTYPE;
    first date;
    low uuid;
    high uuid;
    key text;
    columns text;
BEGIN
    SELECT * INTO settled FROM countersign.partitioned_tables p
        WHERE attach_partition.partition_name ~ ('^' || p.table_name || '_[0-9]{8}$');
    IF settled.table_name IS NULL OR to_regclass(format('countersign.%I', partition_name)) IS NULL THEN
        PERFORM countersign.refuse('CS003', 'partition_name must be that of a table, and of a partition of ours, as '
                                            'submissions_20260131');
    END IF;
    first := countersign.partition_start(to_date(right(partition_name, 8), 'YYYYMMDD'), settled.days);
    low := countersign.uuid_floor(first::timestamp AT TIME ZONE 'UTC');
    high := countersign.uuid_floor((first + settled.days)::timestamp AT TIME ZONE 'UTC');
    SELECT a.attname INTO key FROM pg_partitioned_table p JOIN pg_attribute a
        ON a.attrelid = p.partrelid AND a.attnum = p.partattrs[0]
        WHERE p.partrelid = to_regclass(format('countersign.%I', settled.table_name));
    SELECT string_agg(quote_ident(a.attname), ', ') INTO columns FROM pg_attribute a
        WHERE a.attrelid = to_regclass(format('countersign.%I', partition_name)) AND a.attnum > 0 AND NOT a.attisdropped;
    -- What the table holds is looked at before anybody has to wait: with this ATTACH believes it.
    EXECUTE format('ALTER TABLE countersign.%I ADD CONSTRAINT attached CHECK (%I >= %L AND %2$I < %4$L)',
                   partition_name, key, low, high);
    EXECUTE format('LOCK TABLE countersign.%I IN ACCESS EXCLUSIVE MODE', settled.table_name);
    EXECUTE format('WITH gone AS (DELETE FROM countersign.%I WHERE %I >= $1 AND %2$I < $2 RETURNING %3$s) '
                   'INSERT INTO countersign.%4$I (%3$s) SELECT * FROM gone',
                   settled.table_name || '_default', key, columns, partition_name)
        USING low, high;
    EXECUTE format('ALTER TABLE countersign.%I ATTACH PARTITION countersign.%I FOR VALUES FROM (%L) TO (%L)',
                   settled.table_name, partition_name, low, high);
    EXECUTE format('ALTER TABLE countersign.%I DROP CONSTRAINT attached', partition_name);
END
$$;

-- Moves the rows of a default partition to where they belong, once that partition exists. Returns how many.
-- The table is locked for as long as it takes: rows there are few, or something is very wrong.
CREATE OR REPLACE FUNCTION countersign.mend_default_partition(table_name text) RETURNS bigint
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET lock_timeout = '2s' AS $$
DECLARE
    parent text;
    width integer;
    stray text;
    columns text;
    key text;
    day date;
    moved bigint;
BEGIN
    SELECT p.table_name, p.days, p.table_name || '_default' INTO parent, width, stray
        FROM countersign.partitioned_tables p WHERE p.table_name = mend_default_partition.table_name;
    IF parent IS NULL THEN
        PERFORM countersign.refuse('CS003', 'table_name must be that of a partitioned table');
    END IF;
    SELECT a.attname INTO key FROM pg_partitioned_table p JOIN pg_attribute a
        ON a.attrelid = p.partrelid AND a.attnum = p.partattrs[0]
        WHERE p.partrelid = to_regclass('countersign.' || quote_ident(parent));
    SELECT string_agg(quote_ident(a.attname), ', ' ORDER BY a.attnum) INTO columns FROM pg_attribute a
        WHERE a.attrelid = to_regclass('countersign.' || quote_ident(parent)) AND a.attnum > 0
          AND NOT a.attisdropped;
    EXECUTE format('LOCK TABLE countersign.%I IN ACCESS EXCLUSIVE MODE', parent);
    EXECUTE format('CREATE TEMPORARY TABLE stray ON COMMIT DROP AS SELECT * FROM countersign.%I', stray);
    EXECUTE format('DELETE FROM countersign.%I', stray);
    FOR day IN EXECUTE format('SELECT DISTINCT countersign.partition_start('
                              '(countersign.uuid_time(%I) AT TIME ZONE ''UTC'')::date, $1) '
                              'FROM pg_temp.stray', key) USING width LOOP
        IF to_regclass(format('countersign.%I', parent || '_' || to_char(day, 'YYYYMMDD'))) IS NULL
           AND day BETWEEN current_date - 7 * width AND current_date + 60 THEN
            PERFORM countersign.create_partition(parent, day);
        END IF;
    END LOOP;
    -- The rows were checked when they first came: triggers pass over those that have a status.
    EXECUTE format('INSERT INTO countersign.%I (%s) SELECT %s FROM pg_temp.stray', parent, columns, columns);
    GET DIAGNOSTICS moved = ROW_COUNT;
    DROP TABLE pg_temp.stray;
    EXECUTE format('SELECT $1 - count(*) FROM countersign.%I', stray) INTO moved USING moved;
    RETURN moved;
END
$$;

-- A new database takes requests before its first worker keeps house.
DO $$
BEGIN
    PERFORM countersign.create_partition(m.table_name, m.day) FROM countersign.missing_partitions() m;
END
$$;
