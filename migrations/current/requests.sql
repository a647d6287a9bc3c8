-- What happens when a portal inserts a request: it is filled in and checked, queued for the issue stage, or refused.
-- after: sources

-- What a request is filled in with, if it is such as almost every one is: the portal, its address, the type and the message
-- by a look into one index each, and texts that hold nothing to be afraid of. No row for whatever this does not admit, and no
-- shown_message where there is none in that language.
--
-- What is read of one row is a query of its own in place of a join, which takes fewer nodes of a plan: beginning a plan is
-- what most of a small statement's time goes into.
--
-- One statement is read here, and put in the place of each call: the trigger asks for the row of a portal's session, and
-- start_requests() for many at once. OFFSET 0 keeps the planner from reading the addresses of all portals.
CREATE OR REPLACE FUNCTION countersign.admission(
    portal integer, auth_type text, callback_uri text, message text, secure_message text, language_code text,
    ip_address text, user_agent text, reference text
) RETURNS TABLE (
    portal_id integer, method text, life interval, shown_message text, has_number boolean, code_rotation smallint,
    redeem_once boolean, confirm_if_new boolean, scan_required boolean, same_network text, same_country text,
    refuse_qr boolean, allow_link boolean, max_starts_per_source integer
)
LANGUAGE sql STABLE
BEGIN ATOMIC
    SELECT p.portal_id, t.method, make_interval(secs => t.request_expires_in),
           CASE WHEN admission.message <> '' THEN admission.message ELSE (
               SELECT m.message FROM countersign.auth_type_messages m
               WHERE m.auth_type = admission.auth_type AND m.language_code = coalesce(admission.language_code, 'en')) END,
           t.confirm_code <> 'never', t.code_rotation, nullif(t.redeem_once, false),
           CASE t.confirm_code WHEN 'new_browser' THEN true END, nullif(t.scan_required, false),
           nullif(t.same_network, 'off'), nullif(t.same_country, 'off'), CASE WHEN NOT t.allow_qr THEN true END,
           nullif(t.allow_link, false), p.max_starts_per_source
    FROM countersign.portals p, countersign.auth_types t
    WHERE p.portal_id = portal AND p.enabled AND NOT p.over_limit
      AND (SELECT s.mobile_authentication_enabled AND s.enrollment_enabled AND s.callback_allowlist_enabled
           FROM countersign.settings s)
      AND CASE WHEN admission.callback_uri IS NULL THEN true
               ELSE EXISTS (SELECT FROM countersign.callback_urls c
                            WHERE c.portal_id = p.portal_id AND c.url = admission.callback_uri OFFSET 0) END
      AND t.name = admission.auth_type
      AND coalesce(char_length(admission.language_code) <= 35, true)
      AND coalesce(octet_length(admission.secure_message) BETWEEN 1 AND 8192, true)
      AND coalesce(countersign.is_ipv4(admission.ip_address), admission.ip_address IS NULL)
      AND coalesce(char_length(admission.message) <= 155, true)
      AND coalesce(char_length(admission.user_agent) <= 1024, true)
      AND coalesce(char_length(admission.reference) <= 255, true)
      AND concat(admission.message, admission.user_agent, admission.reference)
          !~ (countersign.unshowable_characters() || E'|[\\u2066-\\u2069]')
      AND coalesce(admission.message = '' OR admission.message ~ countersign.visible_character(), true);
END;

-- Fills in and checks a request. Whatever the query does not admit is looked at in full, which also finds out what is wrong.
--
-- Each expression of a PL/pgSQL function is prepared anew in each transaction, and each table that is looked at has its
-- price where 32 sessions take turns: an insert took 357 us with the full check for each, and 265 with this. A table of
-- what is admitted, which operators' changes would have to keep, took 252: not worth a copy that can be out of date.
-- The plan is generic, because planning for each row's values would cost 130 us more.
CREATE OR REPLACE FUNCTION countersign.check_auth_request() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
SET plan_cache_mode = force_generic_plan SET enable_seqscan = off SET jit = off AS $$
DECLARE
    portal integer;
    words text;
    written xid;
    is_outermost boolean;
BEGIN
    SELECT a.portal_id, a.method, 'requested'::countersign.request_status, now.at, now.at + a.life, now.at + a.life,
           a.shown_message, CASE WHEN a.has_number THEN countersign.confirmation_number() END, a.code_rotation, a.redeem_once,
           a.confirm_if_new, a.scan_required, a.same_network, a.same_country, a.refuse_qr, a.allow_link,
           CASE WHEN a.max_starts_per_source IS NOT NULL THEN countersign.source_of(a.portal_id, NEW.ip_address) END
        INTO portal, NEW.method, NEW.status, NEW.requested_at, NEW.expires_at, NEW.open_until, words, NEW.confirm_number,
             NEW.code_rotation, NEW.redeem_once, NEW.confirm_if_new, NEW.scan_required, NEW.same_network,
             NEW.same_country, NEW.refuse_qr, NEW.allow_link, NEW.source
        FROM (SELECT clock_timestamp() AS at,
                     coalesce(NEW.portal_id,
                              (SELECT own.portal_id FROM countersign.portals own WHERE own.login = session_user),
                              (SELECT countersign.current_portal())) AS portal OFFSET 0) AS now
        CROSS JOIN LATERAL countersign.admission(
            now.portal, NEW.auth_type, NEW.callback_uri, NEW.message, NEW.secure_message, NEW.language_code,
            NEW.ip_address, NEW.user_agent, NEW.reference) AS a
        WHERE CASE WHEN a.max_starts_per_source IS NOT NULL AND NEW.ip_address IS NOT NULL THEN countersign.is_source_free(
                  countersign.source_of(a.portal_id, NEW.ip_address), a.max_starts_per_source) ELSE true END
          -- Those that count how many wait, see there.
          AND right(NEW.transaction_id::text, 2) <> '00';
    IF words IS NULL OR num_nonnulls(NEW.browser_id, NEW.return_uri, NEW.traceparent) > 0 THEN
        NEW.browser_id := countersign.admitted_browser_id(NEW.browser_id, NEW.portal_id);
        NEW.return_uri := countersign.admitted_return_uri(NEW.return_uri, NEW.portal_id);
        NEW.traceparent := countersign.kept_traceparent(NEW.traceparent);
    END IF;
    IF words IS NULL THEN
        NEW := countersign.check_in_full(NEW);
    ELSE
        NEW.portal_id := portal;
        NEW.message := words;
    END IF;
    INSERT INTO countersign.issue_queue (portal_id, transaction_id) VALUES (NEW.portal_id, NEW.transaction_id)
        RETURNING xmin, xmin = pg_current_xact_id()::xid INTO written, is_outermost;
    -- ring() does the same; a call for each insert would cost more than it does.
    IF NOT (is_outermost
            AND pg_try_advisory_xact_lock_shared(countersign.bell_key('issue'), pg_backend_pid() & 15)) THEN
        -- Not for each row of many, as it may read the locks of all sessions.
        IF NOT is_outermost AND pg_stat_get_xact_tuples_inserted('countersign.issue_queue'::regclass) % 16 = 1 THEN
            PERFORM countersign.check_savepoints(written);
        END IF;
        PERFORM countersign.ring('issue');
    END IF;
    RETURN NEW;
END
$$;

-- The request filled in, if it may be made: other languages, other addresses where all are allowed, IPv6, and whatever
-- is refused.
CREATE OR REPLACE FUNCTION countersign.check_in_full(given countersign.auth_requests)
RETURNS countersign.auth_requests
LANGUAGE plpgsql VOLATILE SET search_path = pg_catalog, pg_temp
SET plan_cache_mode = force_generic_plan AS $$
DECLARE
    filled countersign.auth_requests%ROWTYPE := given;
    fine boolean;
BEGIN
    SELECT p.portal_id, t.method, 'requested', now.at, now.at + make_interval(secs => t.request_expires_in),
           now.at + make_interval(secs => t.request_expires_in),
           CASE WHEN given.message <> '' THEN given.message ELSE (
               -- RFC 4647 section 3.4: the longest beginning of the tag that there is, else English.
               SELECT m.message FROM countersign.auth_type_messages m
               WHERE m.auth_type = given.auth_type
                 AND (starts_with(now.language || '-', m.language_code || '-') OR m.language_code = 'en')
               ORDER BY starts_with(now.language || '-', m.language_code || '-') DESC NULLS LAST,
                        octet_length(m.language_code) DESC LIMIT 1) END,
           s.mobile_authentication_enabled AND s.enrollment_enabled AND p.enabled AND NOT p.over_limit
           AND t.method IS NOT NULL
           AND CASE WHEN given.callback_uri IS NULL THEN true
                    WHEN s.callback_allowlist_enabled
                    THEN EXISTS (SELECT FROM countersign.callback_urls c
                                 WHERE c.portal_id = p.portal_id AND c.url = given.callback_uri)
                    ELSE countersign.is_callback_uri(given.callback_uri) END
           AND coalesce(now.language ~ '^[a-z]{2,3}(-[a-z0-9]{2,8})*$', given.language_code IS NULL)
           AND coalesce(octet_length(given.secure_message) BETWEEN 1 AND 8192, true)
           AND CASE WHEN given.ip_address IS NULL THEN true ELSE countersign.is_inet(given.ip_address) END
           AND coalesce(char_length(given.message) <= 155, true)
           AND coalesce(given.message = '' OR given.message ~ countersign.visible_character(), true)
           AND coalesce(char_length(given.user_agent) <= 1024, true)
           AND coalesce(char_length(given.reference) <= 255, true)
           AND concat(given.message, given.user_agent, given.reference) !~ countersign.unshowable_characters()
           AND CASE WHEN concat(given.message, given.user_agent, given.reference) ~ E'[\\u2066-\\u2069]'
                    THEN countersign.has_closed_isolates(given.message)
                         AND countersign.has_closed_isolates(given.user_agent)
                         AND countersign.has_closed_isolates(given.reference)
                    ELSE true END
           -- One in 256 rows looks whether its transaction alone has passed the limit, which is counted once a second
           -- and which one statement of 20,000 rows passed twentyfold. Portals cannot choose the identifier.
           AND CASE WHEN right(given.transaction_id::text, 2) = '00'
                    THEN countersign.is_within_limit(p.portal_id, p.max_open_requests) ELSE true END
           AND CASE WHEN p.max_starts_per_source IS NOT NULL AND countersign.is_inet(given.ip_address)
                    THEN countersign.is_source_free(countersign.source_of(p.portal_id, given.ip_address),
                                                    p.max_starts_per_source) ELSE true END,
           CASE WHEN t.confirm_code <> 'never' THEN countersign.confirmation_number() END, t.code_rotation,
           nullif(t.redeem_once, false), CASE t.confirm_code WHEN 'new_browser' THEN true END,
           nullif(t.scan_required, false), nullif(t.same_network, 'off'),
           nullif(t.same_country, 'off'),
           CASE WHEN NOT t.allow_qr THEN true END, nullif(t.allow_link, false),
           CASE WHEN p.max_starts_per_source IS NOT NULL THEN countersign.source_of(p.portal_id, given.ip_address) END,
           coalesce(now.language, given.language_code)
        INTO filled.portal_id, filled.method, filled.status, filled.requested_at, filled.expires_at,
             filled.open_until, filled.message, fine, filled.confirm_number, filled.code_rotation,
             filled.redeem_once, filled.confirm_if_new, filled.scan_required, filled.same_network,
             filled.same_country, filled.refuse_qr, filled.allow_link, filled.source, filled.language_code
        FROM (SELECT clock_timestamp() AS at,
                     CASE WHEN char_length(given.language_code) <= 35
                          THEN lower(translate(given.language_code, '_', '-') COLLATE "C") END AS language OFFSET 0) AS now
        CROSS JOIN countersign.settings s
        LEFT JOIN countersign.portals p ON p.portal_id = coalesce(given.portal_id,
            (SELECT own.portal_id FROM countersign.portals own WHERE own.login = session_user),
            (SELECT countersign.current_portal()))
        LEFT JOIN countersign.auth_types t ON t.name = given.auth_type;
    IF NOT coalesce(fine, false) OR filled.message IS NULL THEN
        PERFORM countersign.refuse_auth_request(filled);
    END IF;
    RETURN filled;
END
$$;

-- Two digits that nobody can foresee: of the 28 bits that it takes, 100 leaves no number likelier by more than 4e-7.
CREATE OR REPLACE FUNCTION countersign.confirmation_number() RETURNS text
LANGUAGE plpgsql VOLATILE SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    RETURN lpad((('x' || left(gen_random_uuid()::text, 7))::bit(28)::integer % 100)::text, 2, '0');
END
$$;

-- Whether this transaction has left the portal within its limit: counts what waits since the transaction began, in
-- the small queue table, up to the limit.
CREATE OR REPLACE FUNCTION countersign.is_within_limit(of_portal integer, most integer) RETURNS boolean
LANGUAGE plpgsql VOLATILE SET search_path = pg_catalog, pg_temp
SET plan_cache_mode = force_generic_plan SET enable_seqscan = off SET jit = off AS $$
BEGIN
    RETURN (SELECT count(*) FROM (
                SELECT FROM countersign.issue_queue q
                WHERE q.portal_id = of_portal AND q.transaction_id >= countersign.uuid_floor(now())
                LIMIT most::bigint + 1) AS waiting) <= most;
END
$$;

-- Says what is wrong with a request that check_auth_request found fault with, in the order of the CS codes.
CREATE OR REPLACE FUNCTION countersign.refuse_auth_request(given countersign.auth_requests) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    settings countersign.settings%ROWTYPE;
    portal countersign.portals%ROWTYPE;
BEGIN
    SELECT * INTO settings FROM countersign.settings;
    SELECT * INTO portal FROM countersign.portals p WHERE p.portal_id = given.portal_id;
    IF NOT settings.mobile_authentication_enabled THEN
        PERFORM countersign.refuse('CS001', 'mobile authentication is disabled');
    ELSIF NOT settings.enrollment_enabled THEN
        PERFORM countersign.refuse('CS007', 'enrollment is disabled, and signing in with a code needs it');
    ELSIF portal.portal_id IS NULL THEN
        PERFORM countersign.refuse('CS008', format('login %s belongs to no portal', session_user));
    ELSIF NOT portal.enabled THEN
        PERFORM countersign.refuse('CS008', 'this portal is disabled');
    -- Only where check_auth_request has looked, too: counting is up to as many rows as the limit.
    ELSIF portal.over_limit OR right(given.transaction_id::text, 2) = '00'
          AND NOT countersign.is_within_limit(portal.portal_id, portal.max_open_requests) THEN
        PERFORM countersign.refuse('CS008', format('this portal has reached its limit of %s open requests; try again later',
                                                   portal.max_open_requests));
    ELSIF given.source IS NOT NULL AND NOT countersign.is_source_free(given.source, portal.max_starts_per_source) THEN
        PERFORM countersign.refuse('CS008', format('%s has started as many requests within a minute as one source may, '
            'which is %s; try again later', split_part(given.source, '/', 2), portal.max_starts_per_source));
    ELSIF given.auth_type IS NULL THEN
        PERFORM countersign.refuse('CS003', 'auth_type is missing; the name of an authentication type is allowed');
    ELSIF NOT EXISTS (SELECT FROM countersign.auth_types t WHERE t.name = given.auth_type) THEN
        PERFORM countersign.refuse('CS002', 'auth_type is not the name of an authentication type');
    ELSIF given.callback_uri = '' THEN
        PERFORM countersign.refuse('CS003', 'callback_uri is empty; an http or https address is allowed, or none (NULL)');
    ELSIF given.callback_uri IS NOT NULL AND settings.callback_allowlist_enabled AND NOT EXISTS (
            SELECT FROM countersign.callback_urls c
            WHERE c.portal_id = portal.portal_id AND c.url = given.callback_uri) THEN
        PERFORM countersign.refuse('CS005',
            'callback_uri is not one of this portal''s callback addresses, which it must equal exactly');
    ELSIF given.callback_uri IS NOT NULL AND NOT countersign.is_callback_uri(given.callback_uri) THEN
        PERFORM countersign.refuse('CS005', 'callback_uri must be ' || countersign.callback_uri_rule());
    ELSIF char_length(given.language_code) > 35 OR given.language_code !~ '^[a-z]{2,3}(-[a-z0-9]{2,8})*$' THEN
        PERFORM countersign.refuse('CS003', 'language_code must be a language tag such as en or nl-BE, '
                                            'of at most 35 characters');  -- RFC 5646 section 4.4.1
    ELSIF given.message IS NULL THEN
        PERFORM countersign.refuse('CS004',
            'message is missing, and the authentication type has no default for this language or English');
    ELSIF char_length(given.message) > 155 THEN
        PERFORM countersign.refuse('CS004', 'message is longer than 155 characters');
    ELSIF given.message !~ countersign.visible_character() THEN
        PERFORM countersign.refuse('CS004', 'message has nothing in it that can be seen; without one the '
            'authentication type''s default is shown');
    ELSIF octet_length(given.secure_message) NOT BETWEEN 1 AND 8192 THEN
        PERFORM countersign.refuse('CS003', 'secure_message must have 1 to 8,192 bytes; without one it is NULL');
    ELSIF NOT countersign.is_inet(given.ip_address) THEN
        PERFORM countersign.refuse('CS003', 'ip_address must be one IPv4 or IPv6 address');
    END IF;
    PERFORM countersign.check_text('message', given.message, 155);
    PERFORM countersign.check_text('user_agent', given.user_agent, 1024);
    PERFORM countersign.check_text('reference', given.reference, 255);
    -- A request has ended since, a minute is over, or an operator has switched something on.
    PERFORM countersign.refuse('CS008', 'what the request was refused for is over meanwhile; try again');
END
$$;

-- A traceparent that is none is ignored, as the standard wants it, and never a reason to refuse a sign-in.
CREATE OR REPLACE FUNCTION countersign.kept_traceparent(given text) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN CASE WHEN octet_length(given) = 55
                 AND given ~ '^00-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}$' THEN given END;
