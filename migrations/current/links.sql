-- Sign-ins on one device, by a link that opens the app: the app sends the browser that is in front of the user back to the
-- portal with a code, and only with that code the portal gets the result. Who has started a sign-in and sent its link to
-- somebody gets none.
-- after: callers, input_checks

-- The code of the submission that has accepted a request by link: made anew each time from a key that nobody can read, so
-- that it stands nowhere. Who has started the request cannot know it.
CREATE OR REPLACE FUNCTION countersign.response_code(submission uuid) RETURNS text
LANGUAGE plpgsql STABLE STRICT SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    key constant bytea := (SELECT k.key FROM countersign.link_key k);
BEGIN
    RETURN encode(substring(sha256(key || sha256(key || uuid_send(submission))) FOR 16), 'hex');
END
$$;

-- Where the app sends the browser: the portal's address with the code, once the request has ended by that submission of the
-- app, or by the one that it repeats: the code is the first one's.
CREATE OR REPLACE FUNCTION countersign.link_address(request uuid, submission uuid, app integer) RETURNS text
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
SET plan_cache_mode = force_generic_plan SET enable_seqscan = off SET jit = off AS $$
BEGIN
    RETURN (SELECT r.return_uri || CASE WHEN strpos(r.return_uri, '?') > 0 THEN '&' ELSE '?' END
                   || 'response_code=' || countersign.response_code(r.link_answer_id)
            FROM countersign.auth_requests r
            JOIN countersign.submissions s ON s.transaction_id = r.transaction_id
            WHERE r.transaction_id = request AND r.link_answer_id IS NOT NULL AND r.app_id = app
              AND r.status = 'authenticated'
              AND s.submission_id = submission AND s.app_id = app AND s.channel = 'link'
              AND s.action = 'accept' AND s.status = 'accepted');
END
$$;

-- The same for the app that asks.
CREATE OR REPLACE FUNCTION countersign.return_address(request uuid, submission uuid) RETURNS text
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    RETURN countersign.link_address(request, submission, countersign.current_app());
END
$$;
COMMENT ON FUNCTION countersign.return_address(uuid, uuid) IS
    'What the app opens in the browser after an answer by link, as submission_results shows it.';

-- The return address of a new request, if it is one of the portal's own, as callbacks are; NULL for NULL.
CREATE OR REPLACE FUNCTION countersign.admitted_return_uri(given text, portal integer) RETURNS text
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF given IS NULL THEN
        RETURN NULL;
    ELSIF (SELECT s.callback_allowlist_enabled FROM countersign.settings s) AND NOT EXISTS (
            SELECT FROM countersign.callback_urls c
            WHERE c.portal_id = coalesce(portal, countersign.current_portal()) AND c.url = given) THEN
        PERFORM countersign.refuse('CS005',
            'return_uri is not one of this portal''s callback addresses, which it must equal exactly');
    ELSIF NOT countersign.is_callback_uri(given) THEN
        PERFORM countersign.refuse('CS005', 'return_uri must be ' || countersign.callback_uri_rule());
    END IF;
    RETURN given;
END
$$;
