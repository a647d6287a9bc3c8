-- Where visitors come from: how many requests a portal starts for one network, so that who reloads a page without end uses up
-- the own limit and not the portal's.
-- after: identifiers, input_checks

-- NULL for what is no address. IPv4 stays so when it stands in an address of IPv6.
CREATE OR REPLACE FUNCTION countersign.as_inet(address text) RETURNS inet
LANGUAGE plpgsql IMMUTABLE STRICT SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF NOT countersign.is_inet(address) THEN
        RETURN NULL;
    ELSIF address::inet <<= '::ffff:0:0/96' THEN
        RETURN '0.0.0.0'::inet + (address::inet - '::ffff:0:0');
    END IF;
    RETURN address::inet;
END
$$;

-- Whether two addresses are of one network: same or other by the first 24 bits of IPv4 and the first 56 of IPv6; unknown when
-- one is missing or they are of different families, as a phone and a computer of one household often are.
CREATE OR REPLACE FUNCTION countersign.network_match(one text, other text) RETURNS text
LANGUAGE plpgsql IMMUTABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    a constant inet := countersign.as_inet(one);
    b constant inet := countersign.as_inet(other);
BEGIN
    IF a IS NULL OR b IS NULL OR family(a) <> family(b) THEN
        RETURN 'unknown';
    END IF;
    RETURN CASE WHEN network(set_masklen(a, CASE family(a) WHEN 4 THEN 24 ELSE 56 END)) >>= b
                THEN 'same' ELSE 'other' END;
END
$$;

-- The network of an address at a portal: an IPv4 address, of IPv6 the 56 bits that a household has. NULL for no address.
CREATE OR REPLACE FUNCTION countersign.source_of(portal integer, address text) RETURNS text
LANGUAGE plpgsql IMMUTABLE STRICT SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    given constant inet := countersign.as_inet(address);
BEGIN
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
