-- How deep a transaction may nest what it writes.
--
-- Whoever reads past a row of a transaction that is open asks whether it is committed. A snapshot has up to 64
-- subtransactions of a session in itself. From the 65th on each look at such a row walks from its own subtransaction
-- up to the top, by a page of pg_subtrans a step: a claim walked past 20,000 rows in 1 ms, and in 290 ms when they
-- were written within 300 savepoints, for each savepoint takes 40 ns a row. So nothing is written within more than 16.

-- How many subtransactions of this one are open and have written: each holds the lock of its number. Takes 0.1 ms, and more
-- the more locks others hold, for it reads those of all sessions; so of many rows of a statement it is asked for each
-- sixteenth, and at most fifteen get past it; of a gateway's, of which a statement has at most 50, for each. A function of SQL
-- would be planned in each transaction, which took longer.
CREATE OR REPLACE FUNCTION countersign.open_savepoints() RETURNS bigint
LANGUAGE plpgsql VOLATILE SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    RETURN (SELECT count(*) - 1 FROM pg_locks l
            WHERE l.locktype = 'transactionid' AND l.mode = 'ExclusiveLock' AND l.pid = pg_backend_pid());
END
$$;

-- Refuses (CS008) to write within more. Asked before anything is written, for a row that is taken back is walked past
-- like any other until the transaction ends. The first writing of a transaction has no number to be seen before it:
-- who asks after it gives what it got as `written`.
CREATE OR REPLACE FUNCTION countersign.check_savepoints(written xid DEFAULT NULL) RETURNS void
LANGUAGE plpgsql VOLATILE SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF pg_current_xact_id_if_assigned() IS NULL
       -- Numbers are given in their order, so these can be no more than 16.
       OR written::text::bigint - pg_current_xact_id()::xid::text::bigint BETWEEN 0 AND 16 THEN
        RETURN;
    ELSIF countersign.open_savepoints() > 16 THEN
        PERFORM countersign.refuse('CS008', 'this transaction has more than 16 savepoints open that have written; '
            'at most 16 are allowed: release some, or commit');
    END IF;
END
$$;

-- The same before a statement.
CREATE OR REPLACE FUNCTION countersign.refuse_deep_savepoints() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    PERFORM countersign.check_savepoints();
    RETURN NULL;
END
$$;
