-- Who may do what: first everything is taken from our roles and from PUBLIC, then each gets what it needs. What is
-- taken out of this file is therefore taken away. Runs after every change of another file, because what such a file
-- drops and makes again has lost its grants. Grants wait for nobody.
-- with-every-change

DO $$
DECLARE
    ours constant text := 'countersign_portal, countersign_app, countersign_gateway, countersign_worker, '
                          'countersign_monitor, countersign_admin';
    -- With those of other installations on the server: this one may have had their names before.
    groups constant text := 'PUBLIC, ' || ours || coalesce((
        SELECT string_agg(DISTINCT ', ' || quote_ident(r.rolname), '') FROM pg_roles r
        JOIN pg_shdepend s ON s.refobjid = r.oid AND s.refclassid = 'pg_authid'::regclass
        JOIN pg_database d ON d.datname = current_database()
                          AND (d.oid = s.dbid OR s.classid = 'pg_database'::regclass AND d.oid = s.objid)
        WHERE r.rolname ~ '^countersign_([a-z0-9]+_)?(portal|app|gateway|worker|monitor|admin)$'), '');
    object record;
BEGIN
    EXECUTE format('REVOKE ALL ON DATABASE %I FROM %s', current_database(), groups);
    EXECUTE format('GRANT CONNECT ON DATABASE %I TO %s', current_database(), ours);
    IF EXISTS (SELECT FROM pg_database d, aclexplode(coalesce(d.datacl, acldefault('d', d.datdba))) a
               WHERE d.datname = current_database() AND a.grantee = 0) THEN
        RAISE EXCEPTION 'PUBLIC still has privileges on database %: run the migration as its owner',
            current_database();
    END IF;
    -- In a database that comes from a PostgreSQL before 15 everybody may create there, and its owner may not own it.
    IF EXISTS (SELECT FROM pg_namespace n WHERE n.nspname = 'public' AND pg_has_role(n.nspowner, 'USAGE')) THEN
        REVOKE ALL ON SCHEMA public FROM PUBLIC;
    END IF;
    -- Nobody gets anything of a partition, and housekeep may be making or dropping one.
    FOR object IN SELECT format('%s %s', CASE c.relkind WHEN 'S' THEN 'SEQUENCE' ELSE 'TABLE' END,
                                c.oid::regclass) AS name
                  FROM pg_class c WHERE c.relnamespace = 'countersign'::regnamespace
                    AND c.relkind IN ('r', 'p', 'v', 'S') AND NOT c.relispartition
    LOOP
        EXECUTE format('REVOKE ALL ON %s FROM %s', object.name, groups);
    END LOOP;
    EXECUTE format('REVOKE ALL ON ALL FUNCTIONS IN SCHEMA countersign FROM %s', groups);
    EXECUTE format('REVOKE ALL ON SCHEMA countersign FROM %s', groups);
END
$$;

GRANT USAGE ON SCHEMA countersign TO countersign_portal, countersign_app, countersign_gateway,
    countersign_worker, countersign_monitor, countersign_admin;

-- uuid_v7 stands in column defaults, which run with the inserter's rights, and calls cell.
GRANT EXECUTE ON FUNCTION countersign.uuid_v7(), countersign.cell() TO countersign_portal, countersign_app,
    countersign_gateway, countersign_worker, countersign_admin;

---------------------------------------------------------------------------------------------------------
-- Portals
---------------------------------------------------------------------------------------------------------
GRANT INSERT (auth_type, callback_uri, message, secure_message, language_code, ip_address, user_agent, reference,
              traceparent, browser_id, return_uri)
    ON countersign.auth_requests TO countersign_portal, countersign_gateway;
GRANT SELECT (transaction_id, requested_at, expires_at, status, auth_type, callback_uri, message, language_code,
              reference, code_rotation)
    ON countersign.auth_requests TO countersign_portal, countersign_gateway;
GRANT SELECT ON countersign.auth_results, countersign.own_portal TO countersign_portal, countersign_gateway;
GRANT EXECUTE ON FUNCTION countersign.current_portal(), countersign.portal_channel(),
    countersign.collect_otp(uuid), countersign.await_otp(uuid, interval), countersign.cancel_request(uuid),
    countersign.rotated_otp(text, timestamptz), countersign.confirm_code(uuid, text),
    countersign.redeem(uuid, text), countersign.browser_token(uuid), countersign.own_ends(timestamptz),
    countersign.own_ends_of(uuid[]), countersign.armored_signature(bytea)
    TO countersign_portal, countersign_gateway;

---------------------------------------------------------------------------------------------------------
-- Apps
---------------------------------------------------------------------------------------------------------
GRANT INSERT (user_id, device_id, device_name, platform, public_key)
    ON countersign.enrollments TO countersign_app, countersign_gateway;
GRANT SELECT (enrollment_id, created_at, status) ON countersign.enrollments TO countersign_app, countersign_gateway;
GRANT INSERT (enrollment_id, otp, action, signed_at, prompt_digest, signature, deny_reason, ip_address,
              user_agent, channel) ON countersign.submissions TO countersign_app, countersign_gateway;
GRANT SELECT (submission_id, submitted_at, action, status, reason)
    ON countersign.submissions TO countersign_app, countersign_gateway;
GRANT SELECT ON countersign.submission_results, countersign.enrollment_results
    TO countersign_app, countersign_gateway;
GRANT SELECT ON countersign.app_of_login TO countersign_app;
GRANT EXECUTE ON FUNCTION countersign.current_app(), countersign.app_channel(),
    countersign.return_address(uuid, uuid), countersign.scanned_prompt(uuid), countersign.confirmation_code(uuid, text),
    countersign.await_submission(uuid, interval) TO countersign_app, countersign_gateway;

---------------------------------------------------------------------------------------------------------
-- The gateway: what portals and apps may, and these. It refuses to start on a schema that it does not fit, and looks
-- again while it runs.
---------------------------------------------------------------------------------------------------------
GRANT SELECT ON countersign.schema_migrations, countersign.log_levels, countersign.home_heartbeat
    TO countersign_gateway;
GRANT EXECUTE ON FUNCTION countersign.find_credentials(text[]), countersign.client_ids(), countersign.enabled_types(text, text),
    countersign.signer_public_key(uuid), countersign.own_enrollments(text),
    countersign.revoke_enrollment(uuid), countersign.revoke_own_enrollment(uuid, text),
    countersign.repeated_submission(uuid, uuid, bytea, text, text),
    countersign.start_requests(text[], text[], text[], text[], text[], text[], text[], text[], text[], text[], text[],
                              text[]),
    countersign.hand_out_codes(text[], uuid[]),
    countersign.submit_answers(text, text[], uuid[], text[], text[], text[], text[], text[], text[], text[], text[], text[]),
    countersign.find_outcomes(text, uuid[]), countersign.allowed_origins(),
    countersign.store_browser_tokens(text[], uuid[], bytea[], bytea[]), countersign.browser_states(uuid[], bytea[]),
    countersign.collect_for_browsers(uuid[], bytea[], bytea[]),
    countersign.queue_status(), countersign.operating_figures(), countersign.epoch_state(), countersign.lags()
    TO countersign_gateway;

---------------------------------------------------------------------------------------------------------
-- Workers
---------------------------------------------------------------------------------------------------------
GRANT SELECT ON countersign.settings, countersign.portals, countersign.apps, countersign.auth_types,
    countersign.auth_type_messages, countersign.callback_urls, countersign.partitioned_tables,
    countersign.schema_migrations, countersign.stage_controls, countersign.log_levels,
    countersign.home_heartbeat TO countersign_worker;
GRANT UPDATE (over_limit) ON countersign.portals, countersign.apps TO countersign_worker;
GRANT SELECT, INSERT, UPDATE ON countersign.auth_requests, countersign.submissions,
    countersign.webhook_deliveries, countersign.webhook_attempts TO countersign_worker;
GRANT SELECT, UPDATE ON countersign.enrollments TO countersign_worker;
GRANT SELECT, INSERT, UPDATE (secret_key) ON countersign.server_keys TO countersign_worker;
GRANT SELECT, INSERT, UPDATE, DELETE ON countersign.issue_queue, countersign.validate_queue,
    countersign.dispatch_queue, countersign.otp_secrets, countersign.worker_stages, countersign.webhook_endpoints,
    countersign.webhook_endpoint_counts, countersign.dead_deliveries TO countersign_worker;
-- Neither the actor nor the times of an event: those are the server's word.
GRANT SELECT, INSERT (transaction_id, enrollment_id, portal_id, app_id, type, user_id, device_address, device_agent, details)
    ON countersign.events TO countersign_worker;
GRANT SELECT (transaction_id, expires_at), DELETE ON countersign.browser_tokens TO countersign_worker;
-- They write down that they live and drain; telling another one to drain is for administrators.
GRANT SELECT, INSERT, UPDATE (heartbeat_at, draining), DELETE ON countersign.workers TO countersign_worker;
GRANT EXECUTE ON FUNCTION countersign.end_requests(uuid[], text[], uuid[], uuid[], boolean[], text[], text[], bytea[]),
    countersign.armored_signature(bytea),
    countersign.tell_portals(integer[], uuid[], text[]), countersign.tell_apps(integer[], uuid[], text[]),
    countersign.payloads(integer[], uuid[], text[]),
    countersign.ring(text), countersign.arm_bell(text), countersign.stage_number(text), countersign.may_notify(),
    countersign.measure_notifications(),
    countersign.bell_key(text), countersign.uuid_floor(timestamptz), countersign.uuid_time(uuid),
    countersign.uuid_cell(uuid), countersign.cell(), countersign.lags(),
    countersign.hash_chain(bytea, integer), countersign.code_steps(interval, integer),
    countersign.recent_from(), countersign.recent_until(), countersign.is_recent(uuid),
    countersign.request_of_any_day(uuid), countersign.submission_of_any_day(uuid),
    countersign.missing_partitions(integer), countersign.partition_start(date, integer), countersign.create_partition(text, date),
    countersign.outlived_partitions(), countersign.drop_partition(text),
    countersign.refuse(text, text), countersign.queue_status(), countersign.operating_figures(),
    countersign.group_role(text), countersign.measure_queues(), countersign.record_history(), countersign.close_events(),
    countersign.check_epoch(uuid, timestamptz, uuid, bigint), countersign.epoch_state(),
    countersign.epoch_fault(uuid, timestamptz, uuid, bigint), countersign.held(),
    countersign.browser_used_at(integer, text, integer, text), countersign.forget_browsers(integer),
    countersign.network_match(text, text),
    countersign.confirm_enrollments(uuid[], uuid[]),
    countersign.keep_house(uuid, boolean), countersign.clear_suspects(integer), countersign.revoke_again(uuid[])
    TO countersign_worker;

---------------------------------------------------------------------------------------------------------
-- Monitoring, which administrators may as well. No code, no secret, no user: named columns only. Of what operators did, who
-- has paused a portal or a stage, whom one has to ask before it is resumed, and who has migrated; no actor of the audit trail.
---------------------------------------------------------------------------------------------------------
GRANT SELECT ON countersign.settings, countersign.auth_types, countersign.auth_type_messages, countersign.workers,
    countersign.worker_stages, countersign.partitioned_tables, countersign.schema_migrations,
    countersign.issue_queue, countersign.validate_queue, countersign.dispatch_queue,
    countersign.webhook_deliveries, countersign.webhook_endpoints, countersign.dead_deliveries,
    countersign.webhook_tries, countersign.stage_controls, countersign.log_levels, countersign.queue_history,
    countersign.sign_in_history, countersign.limit_history, countersign.epoch, countersign.epochs,
    countersign.browser_origins, countersign.home_heartbeat
    TO countersign_monitor, countersign_admin;
GRANT SELECT (portal_id, max_open_requests, max_starts_per_source, created_at, enabled, over_limit, login, name, display_name)
    ON countersign.portals TO countersign_monitor, countersign_admin;
GRANT SELECT (webhook_concurrency, webhook_rate, paused, paused_at, paused_by, notify_on) ON countersign.portals TO countersign_monitor;
GRANT SELECT (app_id, created_at, enabled, login, name, max_devices_per_user, max_enrollments_per_hour, enrollment_hold, max_waiting,
              max_waiting_per_device, max_malformed_per_user,
              over_limit) ON countersign.apps TO countersign_monitor, countersign_admin;
GRANT SELECT (callback_id, portal_id, url) ON countersign.callback_urls TO countersign_monitor, countersign_admin;
GRANT SELECT (transaction_id, started_at, attempt, duration_ms, status_code, error_class, detail)
    ON countersign.webhook_attempts TO countersign_monitor, countersign_admin;
GRANT SELECT (transaction_id, requested_at, expires_at, open_until, issued_at, scanned_at, resolved_at,
              enrollment_id, portal_id, app_id, signature_verified, status, auth_type, method, callback_uri,
              message, language_code, signer_fingerprint)
    ON countersign.auth_requests TO countersign_monitor, countersign_admin;
GRANT SELECT (submission_id, submitted_at, resolved_at, app_id, status, reason, action, transaction_id, enrollment)
    ON countersign.submissions TO countersign_monitor, countersign_admin;
GRANT SELECT (enrollment_id, created_at, activated_at, revoked_at, locked_until, held_until, app_id, status, reason, platform)
    ON countersign.enrollments TO countersign_monitor, countersign_admin;
GRANT SELECT (public_key) ON countersign.enrollments TO countersign_admin;
GRANT SELECT (event_id, occurred_at, written_in, transaction_id, enrollment_id, portal_id, app_id, type)
    ON countersign.events TO countersign_monitor, countersign_admin;
GRANT EXECUTE ON FUNCTION countersign.queue_status(), countersign.operating_figures(),
    countersign.uuid_floor(timestamptz), countersign.uuid_time(uuid), countersign.cell(), countersign.uuid_cell(uuid),
    countersign.lags(), countersign.stage_number(text), countersign.missing_partitions(integer),
    countersign.partition_start(date, integer), countersign.outlived_partitions(), countersign.group_role(text),
    countersign.held() TO countersign_monitor, countersign_admin;

---------------------------------------------------------------------------------------------------------
-- Administrators
---------------------------------------------------------------------------------------------------------
GRANT UPDATE ON countersign.settings TO countersign_admin;
GRANT INSERT, DELETE ON countersign.portals, countersign.apps, countersign.auth_types,
    countersign.auth_type_messages, countersign.callback_urls, countersign.browser_origins TO countersign_admin;
GRANT SELECT ON countersign.portals, countersign.callback_urls, countersign.apps TO countersign_admin;
GRANT UPDATE (enabled, display_name, max_open_requests, max_starts_per_source, signing_secret, previous_secret, previous_secret_until,
              webhook_key, webhook_concurrency, webhook_rate, paused, notify_on) ON countersign.portals TO countersign_admin;
GRANT UPDATE (enabled, max_devices_per_user, max_enrollments_per_hour, enrollment_hold, max_waiting, max_waiting_per_device,
              max_malformed_per_user) ON countersign.apps TO countersign_admin;
GRANT UPDATE ON countersign.auth_types, countersign.auth_type_messages, countersign.callback_urls
    TO countersign_admin;
GRANT SELECT (portal_id, created_at, client_id), INSERT, DELETE, UPDATE (secret_hash)
    ON countersign.portal_credentials TO countersign_admin;
GRANT SELECT (user_id, device_id, device_name, server_key_id, key_fingerprint)
    ON countersign.enrollments TO countersign_admin;
GRANT SELECT (user_id, device_id, reference) ON countersign.auth_requests TO countersign_admin;
GRANT SELECT (used_at, portal_id, app_id, user_id) ON countersign.known_browsers TO countersign_admin;
GRANT SELECT (detail) ON countersign.submissions TO countersign_admin;
-- Whether a code waits to be collected; not the code.
GRANT SELECT (transaction_id) ON countersign.otp_secrets TO countersign_admin;
GRANT SELECT (body) ON countersign.webhook_attempts TO countersign_admin;
-- What they change is written by triggers, see audit.sql.
GRANT SELECT ON countersign.events, countersign.event_digests TO countersign_admin;
-- the sealed secret for `key reseal`
GRANT SELECT, UPDATE (secret_key, retired_at) ON countersign.server_keys TO countersign_admin;
GRANT UPDATE (paused, batch_size, updated_at) ON countersign.stage_controls TO countersign_admin;
GRANT INSERT, UPDATE, DELETE ON countersign.log_levels TO countersign_admin;
GRANT UPDATE (drain_requested) ON countersign.workers TO countersign_admin;
GRANT SELECT, INSERT, UPDATE, DELETE ON countersign.operators, countersign.operator_sessions TO countersign_admin;
GRANT EXECUTE ON FUNCTION countersign.create_login(text, text, text, integer),
    countersign.set_login_password(text, text), countersign.portal_belongings(integer), countersign.remove_portal(integer),
    countersign.app_belongings(integer), countersign.remove_app(integer),
    countersign.random_channel(),
    countersign.check_text(text, text, integer), countersign.unshowable_characters(),
    countersign.has_closed_isolates(text), countersign.is_callback_uri(text), countersign.callback_uri_rule(),
    countersign.is_inet(text),
    countersign.refuse(text, text), countersign.revoke_enrollment(uuid), countersign.unlock_enrollment(uuid), countersign.release_enrollment(uuid), countersign.send_again(uuid[]),
    countersign.audit_resealed(text, bigint, bigint), countersign.audit_refused_sign_in(text, text, text),
    countersign.verify_events(), countersign.event_details(countersign.events), countersign.armored_signature(bytea),
    countersign.pseudonym(integer, text),
    countersign.erase_user(integer, text, integer),
    countersign.check_epoch(uuid, timestamptz, uuid, bigint), countersign.declare_epoch(),
    countersign.epoch_fault(uuid, timestamptz, uuid, bigint),
    countersign.clear_suspects(integer), countersign.revoke_again(uuid[]), countersign.release_epoch(boolean)
    TO countersign_admin;
-- What is sealed is bound to its row's id, so the id is taken before the row is inserted.
GRANT USAGE ON SEQUENCE countersign.portals_portal_id_seq, countersign.callback_urls_callback_id_seq
    TO countersign_admin;
