-- The audit trail of what administrators change, by whatever way: a command, the console, or a statement of their own.
-- Triggers write it with the owner's rights: nobody else writes such events, and nobody chooses who or when.
-- after: identifiers

CREATE OR REPLACE FUNCTION countersign.audit(type text, details jsonb, portal integer DEFAULT NULL,
                                             app integer DEFAULT NULL) RETURNS void
LANGUAGE plpgsql VOLATILE SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    INSERT INTO countersign.events (type, details, portal_id, app_id) VALUES (type, details, portal, app);
END
$$;

-- The columns of a row that an update has changed, by their new values.
CREATE OR REPLACE FUNCTION countersign.changed_columns(old jsonb, new jsonb) RETURNS jsonb
LANGUAGE plpgsql IMMUTABLE SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    RETURN (SELECT coalesce(jsonb_object_agg(n.key, n.value), '{}') FROM jsonb_each(new) n
            WHERE n.value IS DISTINCT FROM old -> n.key);
END
$$;

CREATE OR REPLACE FUNCTION countersign.audit_settings() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    changed jsonb := countersign.changed_columns(to_jsonb(OLD), to_jsonb(NEW)) - 'updated_at';
BEGIN
    IF changed <> '{}' THEN
        PERFORM countersign.audit('settings.changed', changed);
    END IF;
    RETURN NULL;
END
$$;

-- Of portals and apps: the trigger's argument is the word before the dot. What only portals have never changes in an app.
CREATE OR REPLACE FUNCTION countersign.audit_client() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    of_row constant jsonb := to_jsonb(CASE TG_OP WHEN 'DELETE' THEN OLD ELSE NEW END);
    name constant jsonb := jsonb_build_object('name', of_row -> 'name');
    portal constant integer := of_row ->> 'portal_id';
    app constant integer := of_row ->> 'app_id';
    changed jsonb;
    type text;
    details jsonb;
BEGIN
    IF TG_OP <> 'UPDATE' THEN
        PERFORM countersign.audit(TG_ARGV[0] || CASE TG_OP WHEN 'INSERT' THEN '.added' ELSE '.removed' END,
                                  name || jsonb_build_object('login', of_row -> 'login'), portal, app);
        RETURN NULL;
    END IF;
    changed := countersign.changed_columns(to_jsonb(OLD), of_row)
        - ARRAY['over_limit', 'channel', 'signing_secret', 'previous_secret', 'previous_secret_until', 'webhook_key',
                'paused_at', 'paused_by'];
    FOR type, details IN VALUES
        (CASE changed -> 'enabled' WHEN 'true' THEN 'enabled' WHEN 'false' THEN 'disabled' END, name),
        (CASE changed -> 'paused' WHEN 'true' THEN 'paused' WHEN 'false' THEN 'resumed' END, name),
        (CASE WHEN changed ?| ARRAY['max_open_requests', 'max_starts_per_source'] THEN 'limited' END,
            name || jsonb_build_object('max_open_requests', of_row -> 'max_open_requests',
                                       'max_starts_per_source', of_row -> 'max_starts_per_source')),
        (CASE WHEN changed ?| ARRAY['webhook_concurrency', 'webhook_rate'] THEN 'webhooks_limited' END,
            jsonb_build_object('concurrency', of_row -> 'webhook_concurrency', 'rate', of_row -> 'webhook_rate'))
    LOOP
        IF type IS NOT NULL THEN
            PERFORM countersign.audit(TG_ARGV[0] || '.' || type, details, portal, app);
        END IF;
    END LOOP;
    changed := changed - ARRAY['enabled', 'paused', 'max_open_requests', 'max_starts_per_source', 'webhook_concurrency', 'webhook_rate'];
    IF changed <> '{}' THEN
        PERFORM countersign.audit(TG_ARGV[0] || '.changed', name || changed, portal, app);
    END IF;
    RETURN NULL;
END
$$;

-- A secret with its predecessor beside it is a rotation. One that is another value without that was sealed anew, or put
-- there by somebody's statement: the database cannot open it, and so says only that it was replaced.
CREATE OR REPLACE FUNCTION countersign.audit_portal_secrets() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF NEW.previous_secret_until IS DISTINCT FROM OLD.previous_secret_until THEN
        PERFORM countersign.audit('portal.secret_rotated',
            jsonb_build_object('previous_until', NEW.previous_secret_until), NEW.portal_id);
    ELSIF (NEW.signing_secret, NEW.previous_secret)
          IS DISTINCT FROM (OLD.signing_secret, OLD.previous_secret) THEN
        PERFORM countersign.audit('portal.secret_replaced', '{}', NEW.portal_id);
    END IF;
    IF NEW.webhook_key IS DISTINCT FROM OLD.webhook_key THEN
        PERFORM countersign.audit(
            CASE WHEN NEW.webhook_key IS NULL THEN 'portal.signing_key_removed'
                 WHEN OLD.webhook_key IS NULL THEN 'portal.signing_key_added'
                 ELSE 'portal.signing_key_replaced' END, '{}', NEW.portal_id);
    END IF;
    RETURN NULL;
END
$$;

-- Of what is added, removed and changed: the trigger's first argument is the word before the dot, the second what comes
-- before added, removed or changed, and the others are the columns that are told. Of a column whose name is given with
-- a minus only that it has changed is told.
CREATE OR REPLACE FUNCTION countersign.audit_row() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    told constant text[] := TG_ARGV[2:];
    of_row constant jsonb := to_jsonb(CASE TG_OP WHEN 'DELETE' THEN OLD ELSE NEW END);
    changed constant jsonb := CASE TG_OP WHEN 'UPDATE'
        THEN countersign.changed_columns(to_jsonb(OLD), to_jsonb(NEW)) ELSE '{}' END;
    details jsonb;
BEGIN
    SELECT jsonb_strip_nulls(jsonb_object_agg(ltrim(column_name, '-'),
               CASE WHEN column_name NOT LIKE '-%' THEN of_row -> column_name
                    WHEN changed ? ltrim(column_name, '-') THEN '"changed"' ELSE 'null' END))
        INTO details FROM unnest(told) AS column_name;
    IF TG_OP = 'UPDATE' AND changed - 'updated_at' = '{}' THEN
        RETURN NULL;
    END IF;
    PERFORM countersign.audit(
        TG_ARGV[0] || '.' || TG_ARGV[1]
            || CASE TG_OP WHEN 'INSERT' THEN 'added' WHEN 'DELETE' THEN 'removed' ELSE 'changed' END,
        details, (of_row ->> 'portal_id')::integer);
    RETURN NULL;
END
$$;

-- Messages that come and go with their type are part of that, which no condition of a trigger can ask.
CREATE OR REPLACE FUNCTION countersign.audit_message() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    type_made_by constant xid := (SELECT t.xmin FROM countersign.auth_types t
                                  WHERE t.name = coalesce(NEW.auth_type, OLD.auth_type));
BEGIN
    IF type_made_by IS NULL OR TG_OP = 'INSERT' AND type_made_by = pg_current_xact_id()::xid THEN
        RETURN NULL;
    END IF;
    PERFORM countersign.audit(
        CASE TG_OP WHEN 'INSERT' THEN 'type.message_added' WHEN 'DELETE' THEN 'type.message_removed'
             ELSE 'type.message_changed' END,
        jsonb_build_object('name', coalesce(NEW.auth_type, OLD.auth_type),
                           'language_code', coalesce(NEW.language_code, OLD.language_code),
                           'message', coalesce(NEW.message, OLD.message))
        || jsonb_strip_nulls(jsonb_build_object('visitor_line', CASE TG_OP WHEN 'DELETE' THEN OLD.visitor_line ELSE NEW.visitor_line END)));
    RETURN NULL;
END
$$;

CREATE OR REPLACE FUNCTION countersign.audit_stage() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF NEW.paused <> OLD.paused THEN
        PERFORM countersign.audit(CASE WHEN NEW.paused THEN 'stage.paused' ELSE 'stage.resumed' END,
                                  jsonb_build_object('stage', NEW.stage));
    END IF;
    IF NEW.batch_size IS DISTINCT FROM OLD.batch_size THEN
        PERFORM countersign.audit('stage.batch_size',
                                  jsonb_build_object('stage', NEW.stage, 'batch_size', NEW.batch_size));
    END IF;
    RETURN NULL;
END
$$;

-- Who has paused a portal or a stage, and when, stands with it: the trail is kept for 400 days and has no index by type.
CREATE OR REPLACE FUNCTION countersign.note_pause() RETURNS trigger
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    console constant text := CASE WHEN pg_has_role(session_user, countersign.group_role('admin'), 'MEMBER')
                                  THEN nullif(current_setting('countersign.operator', true), '') END;
BEGIN
    IF TG_OP = 'INSERT' OR NEW.paused <> OLD.paused THEN
        NEW.paused_at := CASE WHEN NEW.paused THEN clock_timestamp() END;
        NEW.paused_by := CASE WHEN NEW.paused THEN coalesce(console, session_user) END;
    END IF;
    RETURN NEW;
END
$$;

-- A level that is taken away is none.
CREATE OR REPLACE FUNCTION countersign.audit_log_level() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    PERFORM countersign.audit('log_level.changed',
        jsonb_build_object('module', coalesce(NEW.module, OLD.module), 'level', NEW.level));
    RETURN NULL;
END
$$;

-- That something has happened to a row: the trigger's first argument is the event's type, and the others are what is told,
-- each a name and the column that holds it.
CREATE OR REPLACE FUNCTION countersign.audit_event() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    PERFORM countersign.audit(TG_ARGV[0],
        (SELECT jsonb_object_agg(split_part(told, '=', 1), to_jsonb(NEW) -> split_part(told, '=', 2))
         FROM unnest(TG_ARGV[1:]) AS told));
    RETURN NULL;
END
$$;

CREATE OR REPLACE FUNCTION countersign.audit_second_factor() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    PERFORM countersign.audit(
        CASE WHEN NEW.second_factor IS NULL THEN 'operator.second_factor_removed'
             WHEN OLD.second_factor IS NULL THEN 'operator.second_factor_added'
             ELSE 'operator.second_factor_replaced' END,
        jsonb_build_object('name', NEW.name));
    RETURN NULL;
END
$$;

-- For the console, which knows who was refused and from where. A name that none can have is not kept: people type their
-- password there.
CREATE OR REPLACE FUNCTION countersign.audit_refused_sign_in(name text, address text, reason text) RETURNS void
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    PERFORM countersign.audit('operator.refused',
        jsonb_build_object('name', CASE WHEN name ~ '^[a-z0-9][a-z0-9._-]{0,62}$' THEN name ELSE '?' END,
                           'address', left(address, 64), 'reason', left(reason, 64)));
END
$$;

-- For `key reseal`, which names the column and the key that seals now.
CREATE OR REPLACE FUNCTION countersign.audit_resealed(sealed_column text, key_id bigint, count bigint) RETURNS integer
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    PERFORM countersign.audit('key.resealed',
        jsonb_build_object('column', sealed_column, 'key_id', key_id, 'values', count));
    RETURN count;
END
$$;

CREATE OR REPLACE TRIGGER audit AFTER UPDATE ON countersign.settings
    FOR EACH ROW EXECUTE FUNCTION countersign.audit_settings();
-- Not for over_limit, which housekeep writes each second.
CREATE OR REPLACE TRIGGER audit AFTER INSERT OR DELETE OR UPDATE OF enabled, paused, max_open_requests, max_starts_per_source,
        webhook_concurrency, webhook_rate, notify_on, name, display_name, login ON countersign.portals
    FOR EACH ROW EXECUTE FUNCTION countersign.audit_client('portal');
CREATE OR REPLACE TRIGGER audit_secrets AFTER UPDATE OF signing_secret, previous_secret, previous_secret_until,
        webhook_key ON countersign.portals
    FOR EACH ROW EXECUTE FUNCTION countersign.audit_portal_secrets();
CREATE OR REPLACE TRIGGER audit AFTER INSERT OR DELETE OR UPDATE OF enabled, max_devices_per_user, max_enrollments_per_hour, enrollment_hold,
        max_waiting, max_waiting_per_device, max_malformed_per_user, name, login ON countersign.apps
    FOR EACH ROW EXECUTE FUNCTION countersign.audit_client('app');
CREATE OR REPLACE TRIGGER audit AFTER INSERT OR DELETE OR UPDATE ON countersign.auth_types
    FOR EACH ROW EXECUTE FUNCTION countersign.audit_row('type', '', 'name', 'request_expires_in', 'confirm_code',
                                               'code_rotation', 'redeem_once', 'scan_required',
                                               'same_network', 'same_country', 'allow_qr', 'allow_link');
CREATE OR REPLACE TRIGGER audit AFTER INSERT OR DELETE OR UPDATE ON countersign.auth_type_messages
    FOR EACH ROW EXECUTE FUNCTION countersign.audit_message();
CREATE OR REPLACE TRIGGER audit AFTER INSERT OR DELETE OR UPDATE ON countersign.callback_urls
    FOR EACH ROW EXECUTE FUNCTION countersign.audit_row('callback', '', 'url', 'username', '-password');
CREATE OR REPLACE TRIGGER audit AFTER INSERT OR DELETE OR UPDATE ON countersign.browser_origins
    FOR EACH ROW EXECUTE FUNCTION countersign.audit_row('origin', '', 'origin');
CREATE OR REPLACE TRIGGER audit AFTER INSERT OR DELETE OR UPDATE ON countersign.portal_credentials
    FOR EACH ROW EXECUTE FUNCTION countersign.audit_row('portal', 'credential_', 'client_id', '-secret_hash');
-- Not for factor_used and what else each use of a code writes.
CREATE OR REPLACE TRIGGER audit AFTER INSERT OR DELETE OR UPDATE OF name, role, portal_id, password_hash
    ON countersign.operators
    FOR EACH ROW EXECUTE FUNCTION countersign.audit_row('operator', '', 'name', 'role', '-password_hash');
CREATE OR REPLACE TRIGGER audit_second_factor AFTER UPDATE OF second_factor ON countersign.operators
    FOR EACH ROW WHEN (NEW.second_factor IS DISTINCT FROM OLD.second_factor)
    EXECUTE FUNCTION countersign.audit_second_factor();
CREATE OR REPLACE TRIGGER audit AFTER INSERT ON countersign.operator_sessions
    FOR EACH ROW EXECUTE FUNCTION countersign.audit_event('operator.signed_in', 'name=operator');
CREATE OR REPLACE TRIGGER audit AFTER UPDATE OF paused, batch_size ON countersign.stage_controls
    FOR EACH ROW EXECUTE FUNCTION countersign.audit_stage();
CREATE OR REPLACE TRIGGER note_pause BEFORE INSERT OR UPDATE OF paused ON countersign.portals
    FOR EACH ROW EXECUTE FUNCTION countersign.note_pause();
CREATE OR REPLACE TRIGGER note_pause BEFORE INSERT OR UPDATE OF paused ON countersign.stage_controls
    FOR EACH ROW EXECUTE FUNCTION countersign.note_pause();
CREATE OR REPLACE TRIGGER audit AFTER INSERT OR DELETE OR UPDATE OF level ON countersign.log_levels
    FOR EACH ROW EXECUTE FUNCTION countersign.audit_log_level();
CREATE OR REPLACE TRIGGER audit AFTER UPDATE OF drain_requested ON countersign.workers
    FOR EACH ROW WHEN (NEW.drain_requested AND NOT OLD.drain_requested)
    EXECUTE FUNCTION countersign.audit_event('worker.drained', 'worker=worker_id');
CREATE OR REPLACE TRIGGER audit AFTER UPDATE OF retired_at ON countersign.server_keys
    FOR EACH ROW WHEN (NEW.retired_at IS NOT NULL AND OLD.retired_at IS NULL)
    EXECUTE FUNCTION countersign.audit_event('key.rotated', 'fingerprint=fingerprint');
