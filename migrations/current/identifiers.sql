-- Identifiers: UUID version 7 (RFC 9562 section 5.7), ordered by the microsecond in which they were made.
-- Defaults of columns call them, so the first numbered file asks for this one. Ids and bounds of partitions that
-- are stored hold what these functions made: their results stay as they are for ever.

-- 48 bits of milliseconds, then 12 bits of the fraction of a millisecond (RFC 9562 section 6.2, method 3),
-- then the random half of a version 4 UUID, whose variant bits already stand where version 7 wants them.
CREATE OR REPLACE FUNCTION countersign.uuid_v7() RETURNS uuid
LANGUAGE plpgsql VOLATILE PARALLEL SAFE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    us bigint := date_part('epoch', clock_timestamp()) * 1000000;
BEGIN
    RETURN encode(int8send(((us / 1000) << 16) | 28672 | ((us % 1000) * 4096 / 1000))
                  || substring(uuid_send(gen_random_uuid()) FROM 9 FOR 8), 'hex')::uuid;
END
$$;
COMMENT ON FUNCTION countersign.uuid_v7() IS
    'A new UUID of version 7, ordered by the microsecond in which it was made.';

-- The least identifier of a moment: partition bounds and "younger than" conditions.
CREATE OR REPLACE FUNCTION countersign.uuid_floor(moment timestamptz) RETURNS uuid
LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    RETURN (encode(int8send((date_part('epoch', moment) * 1000)::bigint << 16), 'hex') || repeat('0', 16))::uuid;
END
$$;
COMMENT ON FUNCTION countersign.uuid_floor(timestamptz) IS
    'The least UUID of version 7 of that moment, for conditions such as transaction_id >= uuid_floor(...).';

-- The moment an identifier was made, to the millisecond.
CREATE OR REPLACE FUNCTION countersign.uuid_time(id uuid) RETURNS timestamptz
LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    RETURN to_timestamp(('x' || encode(substring(uuid_send(id) FOR 6), 'hex'))::bit(48)::bigint / 1000.0);
END
$$;
COMMENT ON FUNCTION countersign.uuid_time(uuid) IS
    'When a UUID of version 7 was made, to the millisecond.';

-- Names of NOTIFY channels of portals and apps carry 128 random bits: anybody may LISTEN anywhere.
CREATE OR REPLACE FUNCTION countersign.random_channel() RETURNS text
LANGUAGE plpgsql VOLATILE SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    RETURN 'cs_' || encode(substring(sha256(uuid_send(gen_random_uuid()) || uuid_send(gen_random_uuid()))
                                     FOR 16), 'hex');
END
$$;
