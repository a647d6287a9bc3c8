-- Where visitors come from: how many requests a portal starts for one network, so that who reloads a page without end uses up
-- the own limit and not the portal's.
-- after: identifiers, input_checks

-- The network of an address at a portal: an IPv4 address, of IPv6 the 56 bits that a household has. NULL for no address.
CREATE OR REPLACE FUNCTION countersign.source_of(portal integer, address text) RETURNS text
LANGUAGE plpgsql IMMUTABLE STRICT SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    given inet;
BEGIN
    IF NOT countersign.is_inet(address) THEN
        RETURN NULL;
    END IF;
    given := address::inet;
    IF given <<= '::ffff:0:0/96' THEN
        given := '0.0.0.0'::inet + (given - '::ffff:0:0');
    END IF;
    RETURN portal || '/' || network(set_masklen(given, CASE family(given) WHEN 4 THEN 32 ELSE 56 END));
END
$$;

-- Whether a source may start one more: fewer than so many requests in the last minute, of which a tenth is left for ten
-- minutes after somebody has answered one of its requests with "not me". What this transaction has started counts.
CREATE OR REPLACE FUNCTION countersign.is_source_free(source text, most integer) RETURNS boolean
LANGUAGE plpgsql VOLATILE SET search_path = pg_catalog, pg_temp
SET plan_cache_mode = force_generic_plan SET enable_seqscan = off SET enable_bitmapscan = off SET jit = off AS $$
DECLARE
    allowed integer := most;
BEGIN
    IF EXISTS (SELECT FROM countersign.auth_requests r
               WHERE r.source = is_source_free.source AND r.deny_reason = 'not_me'
                 AND r.transaction_id >= (SELECT countersign.uuid_floor(clock_timestamp() - interval '10 min'))
                 AND r.transaction_id < (SELECT countersign.recent_until())) THEN
        allowed := greatest(most / 10, 1);
    END IF;
    RETURN (SELECT count(*) FROM (
                SELECT FROM countersign.auth_requests r
                WHERE r.source = is_source_free.source
                  AND r.transaction_id >= (SELECT countersign.uuid_floor(clock_timestamp() - interval '1 min'))
                  AND r.transaction_id < (SELECT countersign.recent_until())
                LIMIT allowed) AS started) < allowed;
END
$$;
