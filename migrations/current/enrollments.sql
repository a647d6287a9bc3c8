-- Enrollments: what happens when an app inserts one, how one is revoked, and how the hold of a further device ends.

-- Fills in and checks an enrollment. A secret key, sent by mistake, is neither stored nor the end of a statement that fails,
-- which the server would log with its literals: whatever else is wrong, the enrollment becomes a rejected one. So that is
-- looked at first, armored in every column, and without armor in that of the key.
--
-- Planned for each row: a plan that is kept was made when the table was empty, and has every further row of one INSERT look
-- through all before it. 8,000 devices took 35 s.
CREATE OR REPLACE FUNCTION countersign.check_enrollment() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
SET plan_cache_mode = force_custom_plan SET jit = off AS $$
DECLARE
    known record;
    lately record;
    -- By its first line, or by its first packet, of type 5 in either form, whatever the line says, or if there is none. A
    -- regular expression fails on a text of more than 256 MiB, and what is longer than 16 KiB is no key.
    holds_secret constant boolean := (
        strpos(NEW.public_key, 'PRIVATE KEY') > 0 OR strpos(NEW.user_id, 'PRIVATE KEY') > 0
        OR strpos(NEW.device_id, 'PRIVATE KEY') > 0 OR strpos(NEW.device_name, 'PRIVATE KEY') > 0
        OR strpos(NEW.platform, 'PRIVATE KEY') > 0
        OR left(NEW.public_key, 65536)
           ~ E'BEGIN PGP [^\n]*-----[[:space:]]*\n([^\n:]*:[^\n]*\n)*[[:space:]]*(l|x[Q-Za-f])'
        OR left(NEW.public_key, 65536)
           ~ E'^[[:space:]]*([^\n:]*:[^\n]*\n)*[[:space:]]*(l|x[Q-Za-f])[A-Za-z0-9+/]{40}') IS TRUE;
BEGIN
    -- Only the owner may write status: a row that is not pending is restored, and stays as it was.
    IF NEW.status <> 'pending' THEN
        RETURN NEW;
    END IF;
    SELECT s.enrollment_enabled, s.signature_required, a.max_devices_per_user, a.max_enrollments_per_hour, a.app_id, a.enabled INTO known
        FROM countersign.settings s
        LEFT JOIN countersign.apps a ON a.app_id = coalesce(NEW.app_id, (SELECT countersign.current_app()));
    IF NOT holds_secret THEN
        PERFORM countersign.check_savepoints();
        PERFORM countersign.refuse_away();
    END IF;
    IF NOT (known.enrollment_enabled OR holds_secret) THEN
        PERFORM countersign.refuse('CS007', 'enrollment is disabled');
    ELSIF known.app_id IS NULL THEN
        -- Also for a secret key: there is nobody whose enrollment it could be.
        PERFORM countersign.refuse('CS008', format('login %s belongs to no app', session_user));
    ELSIF holds_secret THEN
        -- Nothing is kept but whose it is, and not even that where it may not stand there.
        SELECT coalesce(max(g.name) FILTER (WHERE g.n = 1), '?'), coalesce(max(g.name) FILTER (WHERE g.n = 2), '?')
            INTO NEW.user_id, NEW.device_id
            FROM unnest(ARRAY[NEW.user_id, NEW.device_id]) WITH ORDINALITY AS g (name, n)
            WHERE CASE WHEN char_length(g.name) <= 255
                       THEN g.name ~ countersign.visible_character() AND g.name !~ countersign.unshowable_characters()
                            AND countersign.has_closed_isolates(g.name) AND strpos(g.name, 'PRIVATE KEY') = 0 END;
        NEW.device_name := NULL;
        NEW.platform := NULL;
        NEW.public_key := NULL;
    ELSIF NOT known.enabled THEN
        PERFORM countersign.refuse('CS008', 'this app is disabled');
    ELSIF coalesce(NEW.user_id, '') !~ countersign.visible_character() THEN
        PERFORM countersign.refuse('CS003', 'user_id is missing; 1 to 255 characters are allowed, and one that is seen');
    ELSIF NEW.user_id ~ '^erased-[0-9a-f]{32}$' THEN
        -- What stands in an erased user's place, see pseudonym(): who had it as a name could not be told from such a one.
        PERFORM countersign.refuse('CS003', 'user_id has the form of an erased user''s, erased- and 32 hexadecimal digits; '
            'any other is allowed');
    ELSIF coalesce(NEW.device_id, '') !~ countersign.visible_character() THEN
        PERFORM countersign.refuse('CS003', 'device_id is missing; 1 to 255 characters are allowed, and one that is seen');
    ELSIF NEW.public_key IS NULL AND known.signature_required THEN
        PERFORM countersign.refuse('CS003', 'public_key is missing; an armored OpenPGP public key is required');
    ELSIF octet_length(NEW.public_key) > 16384 THEN
        PERFORM countersign.refuse('CS003', 'public_key is longer than 16,384 bytes');
    END IF;
    PERFORM countersign.check_text('user_id', NEW.user_id, 255);
    PERFORM countersign.check_text('device_id', NEW.device_id, 255);
    PERFORM countersign.check_text('device_name', NEW.device_name, 255);
    PERFORM countersign.check_text('platform', NEW.platform, 64);
    NEW.app_id := known.app_id;
    NEW.status := 'pending';
    -- A lock is the user's: neither enrolling again, nor another device, nor revoking lifts it or forgets wrong codes.
    SELECT e.locked_until, e.wrong_codes INTO NEW.locked_until, NEW.wrong_codes FROM (
        SELECT n.locked_until, n.wrong_codes FROM countersign.enrollments n
        WHERE n.app_id = NEW.app_id AND n.user_id = NEW.user_id ORDER BY n.enrollment_id DESC LIMIT 100) AS e
        ORDER BY e.locked_until DESC NULLS LAST, cardinality(e.wrong_codes) DESC LIMIT 1;
    NEW.wrong_codes := coalesce(NEW.wrong_codes, '{}');
    IF holds_secret THEN
        -- As many within an hour as of others. An error would be logged with the key: what is more is left out.
        IF known.max_enrollments_per_hour * known.max_devices_per_user <= (
               SELECT count(*) FROM countersign.enrollments e
               WHERE e.app_id = NEW.app_id AND e.user_id = NEW.user_id
                 AND e.enrollment_id >= countersign.uuid_floor(clock_timestamp() - interval '1 hour')) THEN
            RETURN NULL;
        END IF;
        NEW.status := 'rejected';
        NEW.reason := 'public_key holds a private key: make a new key pair and send its public key only';
        PERFORM countersign.tell_apps(ARRAY[NEW.app_id], ARRAY[NEW.enrollment_id], ARRAY['rejected']);
        RETURN NEW;
    END IF;
    -- Those that wait count, too: one INSERT of a thousand devices sees each row before the next. Inserts at the same
    -- moment do not see each other: the enroll stage decides.
    IF (SELECT count(DISTINCT e.device_id) FROM countersign.enrollments e
        WHERE e.app_id = NEW.app_id AND e.user_id = NEW.user_id AND e.device_id <> NEW.device_id
          AND e.status IN ('pending', 'active')) >= known.max_devices_per_user THEN
        PERFORM countersign.refuse('CS008', format(
            'this user has %s devices, which is the limit: revoke one first', known.max_devices_per_user));
    END IF;
    SELECT count(*) FILTER (WHERE e.device_id = NEW.device_id) AS of_device, count(*) AS of_user INTO lately
        FROM countersign.enrollments e
        WHERE e.app_id = NEW.app_id AND e.user_id = NEW.user_id
          AND e.enrollment_id >= countersign.uuid_floor(clock_timestamp() - interval '1 hour');
    IF lately.of_device >= known.max_enrollments_per_hour THEN
        PERFORM countersign.refuse('CS008', format('this device was enrolled %s times within an hour, which is the limit; '
            'try again later', known.max_enrollments_per_hour));
    END IF;
    -- Of all devices together as many as those that a user may have: else each further enrollment names another device.
    IF lately.of_user >= known.max_enrollments_per_hour * known.max_devices_per_user THEN
        PERFORM countersign.refuse('CS008', format('this user has enrolled devices %s times within an hour, which is the '
            'limit; try again later', known.max_enrollments_per_hour * known.max_devices_per_user));
    END IF;
    RETURN NEW;
END
$$;

-- Revokes an enrollment at once, also for requests that it has scanned already; true if it could still answer or
-- was waiting to. An administrator revokes any, the gateway those of the app it speaks for. Apps cannot call it
-- themselves: one that idled in its transaction would hold a row that workers must not wait for.
CREATE OR REPLACE FUNCTION countersign.revoke_enrollment(enrollment_id uuid) RETURNS boolean
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
SET plan_cache_mode = force_custom_plan SET jit = off AS $$
DECLARE
    app integer := countersign.current_app();
    revoked countersign.enrollments%ROWTYPE;
BEGIN
    PERFORM countersign.refuse_away();
    SELECT * INTO revoked FROM countersign.enrollments e
        WHERE e.enrollment_id = revoke_enrollment.enrollment_id
          AND (e.app_id = app OR pg_has_role(session_user, 'countersign_admin', 'MEMBER')
               OR pg_has_role(session_user, current_user, 'MEMBER')) FOR UPDATE;  -- the owner
    IF NOT FOUND THEN
        PERFORM countersign.refuse('CS003', 'enrollment_id is not that of an enrollment of this app');
    ELSIF revoked.status NOT IN ('pending', 'active') THEN
        RETURN false;
    END IF;
    UPDATE countersign.enrollments e
        SET status = 'revoked', revoked_at = clock_timestamp(),
            reason = CASE WHEN app IS NULL THEN 'revoked by an operator' ELSE 'revoked by the app' END
        WHERE e.enrollment_id = revoked.enrollment_id;
    UPDATE countersign.server_keys k SET secret_key = NULL
        WHERE k.server_key_id = revoked.server_key_id AND NOT k.shared;
    INSERT INTO countersign.events (enrollment_id, app_id, user_id, type, details)
        VALUES (revoked.enrollment_id, revoked.app_id, revoked.user_id, 'enrollment.revoked',
                jsonb_strip_nulls(jsonb_build_object('key_fingerprint', revoked.key_fingerprint)));
    PERFORM countersign.tell_apps(ARRAY[revoked.app_id], ARRAY[revoked.enrollment_id], ARRAY['revoked']);
    RETURN true;
END
$$;

-- Whether it was locked.
CREATE OR REPLACE FUNCTION countersign.unlock_enrollment(enrollment_id uuid) RETURNS boolean
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    unlocked countersign.enrollments%ROWTYPE;
BEGIN
    UPDATE countersign.enrollments e SET locked_until = NULL, wrong_codes = '{}'
        WHERE e.enrollment_id = unlock_enrollment.enrollment_id AND e.locked_until > clock_timestamp()
        RETURNING e.* INTO unlocked;
    IF NOT FOUND THEN
        RETURN false;
    END IF;
    INSERT INTO countersign.events (enrollment_id, app_id, user_id, type)
        VALUES (unlocked.enrollment_id, unlocked.app_id, unlocked.user_id, 'enrollment.unlocked');
    RETURN true;
END
$$;

-- What an older device submits to confirm this enrollment with this key, in the form of a code: the id, and the SHA-256 of
-- the key. It is no secret; that the right device has signed it is what counts.
CREATE OR REPLACE FUNCTION countersign.confirmation_code(enrollment_id uuid, public_key text) RETURNS text
LANGUAGE plpgsql IMMUTABLE SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    RETURN translate(encode(uuid_send(enrollment_id) || sha256(convert_to(coalesce(public_key, ''), 'UTF8')), 'base64'),
                     '+/', '-_');
END
$$;

COMMENT ON FUNCTION countersign.confirmation_code(uuid, text) IS
    'What an older device submits as otp, with the action confirm, so that this one may answer. Read it in enrollment_results.';

-- Lets those that are held answer from now on. Called by workers, who have verified what an older device has signed.
CREATE OR REPLACE FUNCTION countersign.confirm_enrollments(ids uuid[], confirmers uuid[]) RETURNS void
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    apps integer[];
    freed uuid[];
    words text[];
BEGIN
    WITH confirmed AS (
        UPDATE countersign.enrollments e SET held_until = NULL
        FROM (SELECT DISTINCT ON (g.id) g.id, g.confirmer
              FROM unnest(ids, confirmers) AS g (id, confirmer) ORDER BY g.id) AS g
        WHERE e.enrollment_id = g.id AND e.status = 'active' AND e.held_until > clock_timestamp()
        RETURNING e.enrollment_id, e.app_id, e.user_id, g.confirmer
    ), audited AS (
        INSERT INTO countersign.events (enrollment_id, app_id, user_id, type, details)
        SELECT c.enrollment_id, c.app_id, c.user_id, 'enrollment.confirmed',
               jsonb_build_object('confirmed_by', c.confirmer) FROM confirmed c
    )
    SELECT array_agg(c.app_id), array_agg(c.enrollment_id), array_fill('confirmed'::text, ARRAY[count(*)::integer])
        INTO apps, freed, words FROM confirmed c;
    IF freed IS NOT NULL THEN
        PERFORM countersign.tell_apps(apps, freed, words);
    END IF;
END
$$;

-- Whether it was held.
CREATE OR REPLACE FUNCTION countersign.release_enrollment(enrollment_id uuid) RETURNS boolean
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    released countersign.enrollments%ROWTYPE;
BEGIN
    UPDATE countersign.enrollments e SET held_until = NULL
        WHERE e.enrollment_id = release_enrollment.enrollment_id AND e.held_until > clock_timestamp()
          AND e.status = 'active'
        RETURNING e.* INTO released;
    IF NOT FOUND THEN
        RETURN false;
    END IF;
    INSERT INTO countersign.events (enrollment_id, app_id, user_id, type)
        VALUES (released.enrollment_id, released.app_id, released.user_id, 'enrollment.released');
    PERFORM countersign.tell_apps(ARRAY[released.app_id], ARRAY[released.enrollment_id], ARRAY['released']);
    RETURN true;
END
$$;
