-- Erasing a user of an app: the name, and what else tells who it was, is taken out of what is kept, and a keyed digest
-- stands in its place. The audit trail's chain goes on fitting: of each event that was changed the digest of before is
-- kept, and an event of the erasure's own says of which.
-- after: identifiers, browsers, enrollments, event_digests

-- What stands in the place of a user's name: the same each time, and nobody's without the key.
CREATE OR REPLACE FUNCTION countersign.pseudonym(app integer, user_id text) RETURNS text
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    key constant bytea := (SELECT k.key FROM countersign.erasure_key k);
BEGIN
    IF user_id ~ '^erased-[0-9a-f]{32}$' THEN
        RETURN user_id;
    END IF;
    RETURN 'erased-' || encode(substring(sha256(key || sha256(key || convert_to(app || '/' || user_id, 'UTF8')))
                                         FOR 16), 'hex');
END
$$;

-- Whose pseudonym that is, if there still is something of that user's; else the text itself. A restore brings names back,
-- and what was written down of an erasure is the pseudonym.
CREATE OR REPLACE FUNCTION countersign.named_user(app integer, user_id text) RETURNS text
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF user_id !~ '^erased-[0-9a-f]{32}$' THEN
        RETURN user_id;
    END IF;
    RETURN coalesce((SELECT e.user_id FROM countersign.enrollments e
                     WHERE e.app_id = app AND e.user_id <> named_user.user_id
                       AND countersign.pseudonym(app, e.user_id) = named_user.user_id LIMIT 1),
                    user_id);
END
$$;

-- What goes of an event's details with its user. Some of it stands in columns, see event_details().
CREATE OR REPLACE FUNCTION countersign.erased_details() RETURNS text[]
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN ARRAY['ip_address', 'user_agent', 'reference', 'device_address', 'device_agent', 'device_id'];

-- Erases at most so many events and enrollments of a user of an app, and what belongs to them; says how many. To be
-- called until nothing is left, each time in a transaction of its own, and again by the name or by the pseudonym: of what
-- was renamed before, it finds what was open or held then.
--
-- What somebody else's transaction holds is passed over. A portal that kept a row of its own would have kept the user's
-- devices from being revoked.
CREATE OR REPLACE FUNCTION countersign.erase_user(app integer, user_id text, at_most integer,
    OUT pseudonym text, OUT revoked uuid[], OUT enrollments bigint, OUT requests bigint, OUT events bigint)
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
    SET "TimeZone" = 'UTC' SET "DateStyle" = 'ISO' AS $$
DECLARE
    whose constant text := countersign.named_user(app, user_id);
    keeps constant boolean := (SELECT s.evidence_kept_after_erasure FROM countersign.settings s);
    erasure constant uuid := countersign.uuid_v7();
    devices uuid[];
    open_ids uuid[];
    found_ids uuid[];
    request_ids uuid[];
    browsers bigint;
    digest bytea;
BEGIN
    pseudonym := countersign.pseudonym(app, whose);
    SELECT coalesce(array_agg(e.enrollment_id) FILTER (WHERE countersign.revoke_enrollment(e.enrollment_id)), '{}')
        INTO revoked
        FROM (SELECT e.enrollment_id FROM countersign.enrollments e
              WHERE e.app_id = app AND e.user_id = whose AND e.status IN ('pending', 'active') LIMIT at_most) AS e;
    devices := ARRAY(SELECT e.enrollment_id FROM countersign.enrollments e
                     WHERE e.app_id = app AND e.user_id IN (whose, pseudonym));

    -- What a revoked device has scanned it cannot answer any more. Ended here, it is erased here, too.
    open_ids := ARRAY(SELECT r.transaction_id FROM countersign.auth_requests r
                      WHERE r.open_scan_by = ANY (devices) AND r.resolved_at IS NULL FOR UPDATE SKIP LOCKED);
    IF open_ids <> '{}' THEN
        PERFORM countersign.end_requests(open_ids, array_fill('failed'::text, ARRAY[cardinality(open_ids)]));
    END IF;

    found_ids := ARRAY(SELECT e.event_id FROM countersign.events e
                       WHERE e.user_id = whose AND e.app_id = app
                         AND (whose <> pseudonym
                              OR e.type <> 'user.erased' AND NOT EXISTS (
                                  SELECT FROM countersign.erased_events x WHERE x.event_id = e.event_id))
                       ORDER BY e.event_id LIMIT at_most);
    -- Last of all, once: of the requests that the user's events tell of, those whose end names nobody, because nobody has
    -- answered. It has the visitor's address, all the same.
    IF cardinality(found_ids) < at_most THEN
        request_ids := ARRAY(SELECT DISTINCT e.transaction_id FROM countersign.events e
                             WHERE e.user_id IN (whose, pseudonym) AND e.app_id = app AND e.transaction_id IS NOT NULL);
        found_ids := found_ids || ARRAY(
            SELECT e.event_id FROM unnest(request_ids) AS r (id)
            JOIN countersign.events e ON e.transaction_id = r.id AND e.event_id > r.id
            WHERE e.user_id IS NULL AND e.enrollment_id = ANY (devices)
            LIMIT at_most - cardinality(found_ids));
    END IF;

    WITH found AS (
        SELECT e.event_id, countersign.event_hash(e) AS before FROM countersign.events e
        WHERE e.event_id = ANY (found_ids) FOR UPDATE
    ), changed AS (
        UPDATE countersign.events e
        SET user_id = erase_user.pseudonym, app_id = app,
            details = e.details - countersign.erased_details()
                      - CASE WHEN keeps THEN '{}' ELSE '{key_fingerprint}' END::text[]
                      || CASE WHEN NOT keeps AND e.signature IS NOT NULL
                              THEN '{"signature_verified": true}' ELSE '{}' END::jsonb,
            reference = NULL, ip_address = NULL, user_agent = NULL, device_address = NULL, device_agent = NULL,
            signed_at = CASE WHEN keeps THEN e.signed_at END, secret_digest = CASE WHEN keeps THEN e.secret_digest END,
            certificate_sha256 = CASE WHEN keeps THEN e.certificate_sha256 END,
            signer_fingerprint = CASE WHEN keeps THEN e.signer_fingerprint END,
            signature = CASE WHEN keeps THEN e.signature END, prompt = CASE WHEN keeps THEN e.prompt END
        FROM found f WHERE e.event_id = f.event_id
        RETURNING e.event_id, e.transaction_id, countersign.event_hash(e) AS after
    ), kept AS (
        INSERT INTO countersign.erased_events (event_id, erasure, before, after)
        SELECT event_id, erasure, f.before, c.after FROM changed c JOIN found f USING (event_id)
    )
    SELECT count(*), coalesce(request_ids, array_agg(DISTINCT c.transaction_id)),
           sha256(coalesce(string_agg(uuid_send(event_id) || f.before || c.after, ''::bytea ORDER BY event_id), ''))
        INTO events, request_ids, digest FROM changed c JOIN found f USING (event_id);

    -- A refused submission names a request that it has only claimed: it may be somebody else's, who has answered it. The user's
    -- own are those that the user has answered, or has scanned last. Of a scan and of an answer there is an event each.
    UPDATE countersign.auth_requests r
        SET user_id = erase_user.pseudonym, device_id = NULL, ip_address = NULL, user_agent = NULL, reference = NULL,
            browser_id = NULL,
            -- Of what nobody has answered there is nothing to prove.
            prompt = CASE WHEN keeps AND r.status IN ('authenticated', 'denied') THEN r.prompt END,
            secure_message = CASE WHEN keeps AND r.status IN ('authenticated', 'denied') THEN r.secure_message END,
            signature = CASE WHEN keeps THEN r.signature END,
            signer_fingerprint = CASE WHEN keeps THEN r.signer_fingerprint END
        WHERE r.transaction_id = ANY (ARRAY(
            SELECT o.transaction_id FROM countersign.auth_requests o
            WHERE o.transaction_id = ANY (request_ids) AND o.resolved_at IS NOT NULL
              AND (o.enrollment_id = ANY (devices) OR (o.app_id, o.user_id) = (app, whose))
              AND (o.user_id IS DISTINCT FROM pseudonym OR num_nonnulls(o.device_id, o.reference) > 0)
            FOR UPDATE SKIP LOCKED));
    GET DIAGNOSTICS requests = ROW_COUNT;

    UPDATE countersign.enrollments e
        SET user_id = erase_user.pseudonym, device_id = 'erased', device_name = NULL, platform = NULL,
            wrong_codes = '{}', locked_until = NULL, held_until = NULL, public_key = CASE WHEN keeps THEN e.public_key END,
            key_fingerprint = CASE WHEN keeps THEN e.key_fingerprint END
        WHERE e.enrollment_id IN (SELECT o.enrollment_id FROM countersign.enrollments o
                                  WHERE o.app_id = app AND o.user_id = whose AND o.status IN ('rejected', 'revoked')
                                    AND (o.user_id, o.device_id) <> (pseudonym, 'erased')
                                  LIMIT at_most);
    GET DIAGNOSTICS enrollments = ROW_COUNT;

    DELETE FROM countersign.known_browsers
        WHERE ctid = ANY (ARRAY(SELECT k.ctid FROM countersign.known_browsers k
                                WHERE k.app_id = app AND k.user_id = whose FOR UPDATE SKIP LOCKED));
    GET DIAGNOSTICS browsers = ROW_COUNT;

    IF events + enrollments + requests + browsers > 0 THEN
        INSERT INTO countersign.events (event_id, type, app_id, user_id, details)
        VALUES (erasure, 'user.erased', app, pseudonym, jsonb_build_object(
            'enrollments', enrollments, 'requests', requests, 'events', events, 'digest', encode(digest, 'hex')));
    END IF;
END
$$;

-- Events that were changed after their user was erased, or hold more than an erasure leaves, and erasures that none has told
-- of. What an event said before is proved by nothing any more but the digest of it.
CREATE OR REPLACE FUNCTION countersign.verify_erasures(kept timestamptz)
RETURNS TABLE (since timestamptz, until timestamptz, problem text)
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp SET "TimeZone" = 'UTC' SET "DateStyle" = 'ISO' AS $$
BEGIN
    RETURN QUERY
    WITH faulty AS (
        SELECT countersign.uuid_time(x.event_id) AS at, 'an erased event was changed' AS fault
        FROM countersign.erased_events x JOIN countersign.events e ON e.event_id = x.event_id
        LEFT JOIN countersign.events u ON u.event_id = x.erasure AND u.type = 'user.erased'
        WHERE e.event_id >= countersign.uuid_floor(kept)
          AND (countersign.event_hash(e) <> x.after
               OR e.user_id IS DISTINCT FROM u.user_id OR e.app_id IS DISTINCT FROM u.app_id
               OR e.user_id !~ '^erased-[0-9a-f]{32}$' OR countersign.event_details(e) ?| countersign.erased_details())
        UNION ALL
        SELECT countersign.uuid_time(b.erasure), 'no event tells of this erasure'
        FROM (SELECT x.erasure, encode(sha256(string_agg(uuid_send(x.event_id) || x.before || x.after, ''::bytea
                                                         ORDER BY x.event_id)), 'hex') AS digest
              FROM countersign.erased_events x GROUP BY x.erasure) AS b
        LEFT JOIN countersign.events u ON u.event_id = b.erasure AND u.type = 'user.erased'
        WHERE b.erasure >= countersign.uuid_floor(kept) AND u.details ->> 'digest' IS DISTINCT FROM b.digest
    )
    SELECT date_trunc('minute', f.at), date_trunc('minute', f.at) + interval '1 minute', f.fault FROM faulty f
    ORDER BY f.at;
END
$$;
