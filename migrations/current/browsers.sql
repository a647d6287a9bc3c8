-- Browsers that users know: a portal says which one it talks with, and of those that somebody has signed in with the prompt
-- says so.
-- after: callers, identifiers, input_checks

-- What is stored in the place of what the portal gave: nobody's without the key, and another one for each portal, so that
-- two of them cannot find out that they have the same visitor.
CREATE OR REPLACE FUNCTION countersign.browser_digest(portal integer, browser_id text) RETURNS text
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    key constant bytea := (SELECT k.key FROM countersign.browser_key k);
BEGIN
    RETURN encode(substring(sha256(key || sha256(key || convert_to(portal || '/' || browser_id, 'UTF8'))) FOR 16), 'hex');
END
$$;

-- What is stored of a new request; NULL for NULL. Refuses what anybody could guess.
CREATE OR REPLACE FUNCTION countersign.admitted_browser_id(given text, portal integer) RETURNS text
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF given IS NULL THEN
        RETURN NULL;
    ELSIF char_length(given) NOT BETWEEN 16 AND 255 OR given !~ countersign.visible_character() THEN
        PERFORM countersign.refuse('CS003', 'browser_id must have 16 to 255 characters that nobody can guess');
    END IF;
    RETURN countersign.browser_digest(coalesce(portal, countersign.current_portal()), given);
END
$$;

-- Notes that users have signed in with their browsers, of requests that have ended so and name one: once a day for each. They
-- are looked for among few days, and when one is not found there, among all (see is_recent()). It adds a row and takes the
-- older ones away that nobody holds, because who ends a request waits for nobody: a portal may idle in the transaction that
-- has confirmed one. Of each user a portal has 50 browsers, and the one goes that was not used for longest.
CREATE OR REPLACE FUNCTION countersign.note_browsers(ids uuid[]) RETURNS void
LANGUAGE plpgsql VOLATILE SET search_path = pg_catalog, pg_temp
SET plan_cache_mode = force_generic_plan SET enable_seqscan = off SET jit = off AS $$
DECLARE
    noted record;
    used record;
BEGIN
    SELECT array_agg(r.portal_id) AS portals, array_agg(r.app_id) AS apps, array_agg(r.user_id) AS users,
           array_agg(r.browser_id) AS browsers INTO noted
        FROM unnest(ids) AS g (id) JOIN countersign.auth_requests r ON r.transaction_id = g.id
        WHERE countersign.is_recent(r.transaction_id);
    IF cardinality(noted.portals) IS DISTINCT FROM cardinality(ids) THEN
        SELECT array_agg(r.portal_id) AS portals, array_agg(r.app_id) AS apps, array_agg(r.user_id) AS users,
               array_agg(r.browser_id) AS browsers INTO noted
            FROM unnest(ids) AS g (id) JOIN countersign.auth_requests r ON r.transaction_id = g.id;
    END IF;
    FOR used IN
        SELECT DISTINCT g.portal_id, g.app_id, g.user_id, g.browser_id
        FROM unnest(noted.portals, noted.apps, noted.users, noted.browsers) AS g (portal_id, app_id, user_id, browser_id)
        WHERE g.user_id IS NOT NULL
    LOOP
        CONTINUE WHEN countersign.browser_used_at(used.app_id, used.user_id, used.portal_id, used.browser_id)
                      >= date_trunc('day', clock_timestamp(), 'UTC');
        DELETE FROM countersign.known_browsers k WHERE k.ctid = ANY (ARRAY(
            SELECT o.ctid FROM countersign.known_browsers o
            WHERE (o.app_id, o.user_id, o.portal_id, o.browser_id)
                  = (used.app_id, used.user_id, used.portal_id, used.browser_id)
            FOR UPDATE SKIP LOCKED));
        DELETE FROM countersign.known_browsers k WHERE k.ctid = ANY (ARRAY(
            SELECT o.ctid FROM countersign.known_browsers o
            WHERE (o.app_id, o.user_id, o.portal_id) = (used.app_id, used.user_id, used.portal_id)
              AND o.used_at <= (
                SELECT n.used_at FROM countersign.known_browsers n
                WHERE (n.app_id, n.user_id, n.portal_id) = (used.app_id, used.user_id, used.portal_id)
                ORDER BY n.used_at DESC OFFSET 49 LIMIT 1)
            FOR UPDATE SKIP LOCKED));
        INSERT INTO countersign.known_browsers (used_at, portal_id, app_id, user_id, browser_id)
            VALUES (clock_timestamp(), used.portal_id, used.app_id, used.user_id, used.browser_id);
    END LOOP;
END
$$;

-- When a user has last signed in with that browser, NULL for never.
CREATE OR REPLACE FUNCTION countersign.browser_used_at(app integer, user_id text, portal integer, browser_id text)
RETURNS timestamptz
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
SET plan_cache_mode = force_generic_plan SET enable_seqscan = off SET jit = off AS $$
BEGIN
    RETURN (SELECT max(k.used_at) FROM countersign.known_browsers k
            WHERE k.app_id = app AND k.user_id = browser_used_at.user_id AND k.portal_id = portal
              AND k.browser_id = browser_used_at.browser_id AND k.used_at > clock_timestamp() - interval '400 days');
END
$$;

-- Forgets what nobody has signed in with for 400 days, at most so many at a time; says how many.
CREATE OR REPLACE FUNCTION countersign.forget_browsers(most integer) RETURNS integer
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
SET plan_cache_mode = force_generic_plan SET enable_seqscan = off SET jit = off AS $$
DECLARE
    forgotten integer;
BEGIN
    DELETE FROM countersign.known_browsers k WHERE k.ctid = ANY (ARRAY(
        SELECT o.ctid FROM countersign.known_browsers o WHERE o.used_at <= clock_timestamp() - interval '400 days'
        ORDER BY o.used_at LIMIT most FOR UPDATE SKIP LOCKED));
    GET DIAGNOSTICS forgotten = ROW_COUNT;
    RETURN forgotten;
END
$$;
