import Administration
import Postgres
import Support
import Testing

/// Rights, computed from the catalog and compared with what was decided: an object that nobody has thought
/// about fails here.
@Suite(.database) struct PrivilegeTests {
    @Test func `every right on every object is one that was decided`() async throws {
        var superuser = try await Database.current.connectAsSuperuser()
        let stranger = try await Database.current.makeLogin("stranger")
        var roles = GroupRole.allCases.map { (login: $0.name, called: $0.rawValue) }
        roles += [(stranger.name, "stranger"), ("public", "PUBLIC")]
        let found = try await Privileges.read(roles, &superuser)
        let connect = "(database) - admin app gateway monitor portal worker: connect"
        let decided = unfold(decidedPrivileges) + [connect]
        #expect(found.filter { !decided.contains($0) } == [], "rights that were not decided")
        #expect(decided.filter { !found.contains($0) } == [], "rights that are missing")
    }

    /// A portal must not see, and a stranger not even name, what the others work with.
    @Test(arguments: [TestLogin.Group.portal, .app, .gateway])
    func `what is not granted is refused in practice, too`(group: TestLogin.Group) async throws {
        let login = try await Database.current.makeLogin("member", in: group)
        var member = try await Database.current.connect(as: login)
        for relation in try await relations() {
            let readable = visible[group, default: []].contains(relation)
            let error = try await member.refusal(of: "SELECT * FROM countersign.\(relation)")
            #expect((error == nil) == readable, "\(relation): \(String(describing: error))")
            for lock in ["ROW SHARE", "SHARE ROW EXCLUSIVE", "ACCESS EXCLUSIVE"] {
                let error = try await member.refusal(
                    of: "BEGIN; LOCK countersign.\(relation) IN \(lock) MODE")
                #expect(error?.state == noPrivilege, "\(relation) \(lock)")
                try await member.execute("ROLLBACK")
            }
            let delete = "DELETE FROM countersign.\(relation)"
            // From a view of several tables nobody could delete: the server says so before it looks at rights.
            let isJoined = ["webhook_tries", "auth_results"].contains(relation)
            let expected: SQLState = isJoined ? "55000" : noPrivilege
            #expect(try await member.refusal(of: delete)?.state == expected, "\(relation)")
        }
    }

    private let visible: [TestLogin.Group: Set<String>] = [
        .portal: ["auth_results", "own_portal"],
        .app: ["submission_results", "enrollment_results", "app_of_login"],
        .gateway: [
            "auth_results", "own_portal", "submission_results", "enrollment_results", "schema_migrations",
            "log_levels", "home_heartbeat",
        ],
    ]

    /// Every table, view and partition.
    private func relations() async throws -> [String] {
        var superuser = try await Database.current.connectAsSuperuser()
        let sql = """
            SELECT relname::text FROM pg_class
            WHERE relnamespace = 'countersign'::regnamespace AND relkind IN ('r', 'p', 'v')
            """
        return try await superuser.execute(sql).map { try $0.text(0) }
    }
}

private let decidedPrivileges = """
    (schema) - admin app gateway monitor portal worker: usage
    accept_confirmed(request countersign.auth_requests) - nobody
    admission(portal integer, auth_type text, callback_uri text, message text, secure_message text, language_code
        text, ip_address text, user_agent text, reference text) - nobody
    admitted_browser_id(given text, portal integer) - nobody
    browser_digest(portal integer, browser_id text) - nobody
    browser_key - nobody
    browser_used_at(app integer, user_id text, portal integer, browser_id text) - worker: execute
    forget_browsers(most integer) - worker: execute
    known_browsers - admin: select (used_at portal_id app_id user_id)
    network_match(one text, other text) - worker: execute
    note_browsers(ids uuid[]) - nobody
    allowed_origins() - gateway: execute
    as_inet(address text) - nobody
    has_too_many_malformed(app integer, enrollment uuid) - nobody
    confirm_enrollments(ids uuid[], confirmers uuid[]) - worker: execute
    confirmation_code(enrollment_id uuid, public_key text) - app gateway: execute
    release_enrollment(enrollment_id uuid) - admin: execute
    answered_prompt(request uuid, resolved_at timestamp with time zone) - nobody
    app_belongings(app integer) - admin: execute
    app_channel() - app gateway: execute
    apps - admin: delete, insert, select, update (enabled max_devices_per_user
        max_enrollments_per_hour enrollment_hold max_waiting max_waiting_per_device max_malformed_per_user); monitor: select (app_id created_at enabled login name
        max_devices_per_user max_enrollments_per_hour enrollment_hold max_waiting max_waiting_per_device max_malformed_per_user over_limit); worker: select, update
        (over_limit)
    apps_app_id_seq (sequence) - nobody
    arm_bell(stage text) - worker: execute
    audit(type text, details jsonb, portal integer, app integer) - nobody
    attach_partition(partition_name text) - nobody
    audit_client() - nobody
    audit_event() - nobody
    audit_log_level() - nobody
    audit_message() - nobody
    audit_portal_secrets() - nobody
    audit_refused_sign_in(name text, address text, reason text) - admin: execute
    audit_resealed(sealed_column text, key_id bigint, count bigint) - admin: execute
    audit_row() - nobody
    audit_second_factor() - nobody
    audit_settings() - nobody
    audit_stage() - nobody
    auth_requests - admin: select (transaction_id requested_at expires_at open_until issued_at
        scanned_at resolved_at enrollment_id portal_id app_id signature_verified status auth_type
        method callback_uri message language_code reference user_id device_id signer_fingerprint); gateway
        portal: insert (auth_type callback_uri return_uri message secure_message language_code ip_address
        user_agent reference browser_id traceparent), select (transaction_id requested_at expires_at code_rotation status
        auth_type callback_uri message language_code reference); monitor: select (transaction_id requested_at
        expires_at open_until issued_at scanned_at resolved_at enrollment_id portal_id app_id
        signature_verified status auth_type method callback_uri message language_code
        signer_fingerprint); worker: insert, select, update
    auth_results (view) - gateway portal: select
    auth_type_messages - admin: delete, insert, select, update; monitor worker: select
    auth_types - admin: delete, insert, select, update; monitor worker: select
    await_otp(transaction_id uuid, timeout interval) - gateway portal: execute
    armored_signature(kept bytea) - admin gateway portal worker: execute
    await_submission(submission_id uuid, timeout interval) - app gateway: execute
    begin_epoch(why text) - nobody
    beat() - nobody
    bell_key(stage text) - worker: execute
    browser_origins - admin: delete, insert, select; monitor: select
    browser_states(ids uuid[], digests bytea[]) - gateway: execute
    browser_token(transaction_id uuid) - gateway portal: execute
    browser_tokens - worker: delete, select (transaction_id expires_at)
    callback_uri_rule() - admin: execute
    callback_urls - admin: delete, insert, select, update; monitor: select (callback_id portal_id
        url); worker: select
    callback_urls_callback_id_seq (sequence) - admin: usage
    cancel_request(transaction_id uuid) - gateway portal: execute
    cell() - admin app gateway monitor portal worker: execute
    changed_columns(old jsonb, new jsonb) - nobody
    check_auth_request() - nobody
    check_callback_url() - nobody
    check_enrollment() - nobody
    check_epoch(worker uuid, heard timestamp with time zone, remembered_life uuid, remembered_notes
        bigint, OUT number integer, OUT life uuid, OUT notes bigint, OUT refuses boolean) - admin
        worker: execute
    check_display_name() - nobody
    check_in_full(given countersign.auth_requests) - nobody
    check_login(login text, group_role text) - nobody
    check_savepoints(written xid) - nobody
    check_text(column_name text, value text, longest integer) - admin: execute
    clear_suspects(most integer) - admin worker: execute
    close_events() - worker: execute
    client_ids() - gateway: execute
    code_steps(life interval, rotation integer) - worker: execute
    collect_for_browsers(ids uuid[], digests bytea[], pads bytea[]) - gateway: execute
    collect_in_full(transaction_id uuid) - nobody
    collect_otp(transaction_id uuid) - gateway portal: execute
    combined(one bytea, other bytea) - nobody
    confirmation_number() - nobody
    confirm_code(transaction_id uuid, code text) - gateway portal: execute
    counted_queue(stage text) - nobody
    counted_spread(stage text, moment timestamp with time zone, most integer) - nobody
    create_login(login text, group_role text, verifier text, connections integer) - admin: execute
    create_partition(table_name text, day date) - worker: execute
    current_app() - app gateway: execute
    current_portal() - gateway portal: execute
    dead_deliveries - admin monitor: select; worker: delete, insert, select, update
    declare_epoch() - admin: execute
    dispatch_queue - admin monitor: select; worker: delete, insert, select, update
    drop_partition(partition_name text) - worker: execute
    enabled_types(user_id text, device_id text) - gateway: execute
    end_older_requests(ids uuid[], ends text[], enrollment_ids uuid[], submission_ids uuid[],
        verified boolean[], fingerprints text[], countries text[], signatures bytea[]) - nobody
    end_requests(ids uuid[], ends text[], enrollment_ids uuid[], submission_ids uuid[], verified
        boolean[], fingerprints text[], countries text[], signatures bytea[]) - worker: execute
    enrollment_results (view) - app gateway: select
    enrollments - admin: select (enrollment_id created_at activated_at revoked_at locked_until held_until app_id
        status reason user_id device_id device_name platform public_key server_key_id key_fingerprint); app
        gateway: insert (user_id device_id device_name platform public_key), select (enrollment_id created_at status); monitor: select
        (enrollment_id created_at activated_at revoked_at locked_until held_until app_id status reason platform);
        worker: select, update
    epoch - admin monitor: select
    epoch_fault(worker uuid, heard timestamp with time zone, life uuid, notes bigint) - admin
        worker: execute
    epoch_state(OUT number integer, OUT life uuid, OUT notes bigint, OUT refuses boolean) - gateway
        worker: execute
    epochs - admin monitor: select
    estimated_figure(stage text, since timestamp with time zone, moment timestamp with time zone, OUT
        waiting bigint, OUT oldest timestamp with time zone) - nobody
    estimated_queue(source regclass, condition text, age text, moment timestamp with time zone, OUT
        waiting bigint, OUT oldest timestamp with time zone) - nobody
    estimated_spread(source regclass, condition text, key text, age text, since timestamp with time zone,
        moment timestamp with time zone, OUT waiting bigint, OUT oldest timestamp with time zone) - nobody
    erase_user(app integer, user_id text, at_most integer, OUT pseudonym text, OUT revoked uuid[], OUT
        enrollments bigint, OUT requests bigint, OUT events bigint) - admin: execute
    erased_details() - nobody
    erased_events - nobody
    erasure_key - nobody
    drop_archived_events(partition_name text, events bigint, erased bigint, content bytea, manifest bytea) - nobody
    ended_event_partitions(before timestamp with time zone) - nobody
    event_archives - nobody
    event_closing - nobody
    event_details(e countersign.events) - admin: execute
    event_hash(e countersign.events) - nobody
    event_line(e countersign.events) - nobody
    events_kept_since() - nobody
    events_to_archive(since timestamp with time zone, until timestamp with time zone, after uuid, at_most integer) - nobody
    named_user(app integer, user_id text) - nobody
    pseudonym(app integer, user_id text) - admin: execute
    event_digest(before bytea, since timestamp with time zone, until timestamp with time zone, events bigint,
        content bytea) - nobody
    event_digests - admin: select
    events - admin: select; monitor: select (event_id occurred_at written_in transaction_id
        enrollment_id portal_id app_id type); worker: insert (transaction_id enrollment_id portal_id app_id type user_id
        device_address device_agent details), select
    events_content(since timestamp with time zone, until timestamp with time zone, OUT events bigint, OUT
        content bytea) - nobody
    find_credentials(client_ids text[]) - gateway: execute
    find_outcomes(app text, ids uuid[]) - gateway: execute
    hand_out_codes(portals text[], ids uuid[]) - gateway: execute
    hash_chain(start bytea, times integer) - worker: execute
    has_closed_isolates(value text) - admin: execute
    held() - admin monitor worker: execute
    home_heartbeat - admin gateway monitor worker: select
    kept_locks - nobody
    lags() - admin gateway monitor worker: execute
    publish_home() - nobody
    refuse_app_away() - nobody
    refuse_away() - nobody
    incarnation(OUT system_identifier bigint, OUT timeline bigint, OUT database oid, OUT
        is_synchronous boolean, OUT has_streamed boolean) - nobody
    is_callback_uri(uri text) - admin: execute
    group_role(kind text) - admin monitor worker: execute
    is_inet(value text) - admin: execute
    is_ipv4(value text) - nobody
    is_own_row(row_xmin xid) - nobody
    is_quick(stage text) - nobody
    is_recent(id uuid) - worker: execute
    is_source_free(source text, most integer) - nobody
    is_within_limit(of_portal integer, most integer) - nobody
    issue_queue - admin monitor: select; worker: delete, insert, select, update
    keep_house(worker uuid, has_lock boolean) - worker: execute
    limit_history - admin monitor: select
    log_levels - admin: delete, insert, select, update; gateway monitor worker: select
    may_notify() - worker: execute
    measure_notifications() - worker: execute
    measure_queues() - worker: execute
    mend_default_partition(table_name text) - nobody
    missing_partitions(days_ahead integer) - admin monitor worker: execute
    next_pause(usual double precision, looks integer) - nobody
    note_dead_delivery() - nobody
    note_wait(setting text, usual double precision, looks integer, began timestamp with time zone) - nobody
    note_pause() - nobody
    notification_queue - nobody
    notification_queue_usage() - nobody
    open_savepoints() - nobody
    operating_figures() - admin gateway monitor worker: execute
    operator_sessions - admin: delete, insert, select, update
    operators - admin: delete, insert, select, update
    otp_secrets - admin: select (transaction_id); worker: delete, insert, select, update
    other_databases(group_role text) - nobody
    app_of_login (view) - app: select
    own_portal (view) - gateway portal: select
    outlived_partitions() - admin monitor worker: execute
    own_ends(since timestamp with time zone, OUT transaction_id uuid, OUT epoch integer, OUT status text, OUT
        deny_reason text, OUT callback_uri text, OUT resolved_at timestamp with time zone) - gateway portal: execute
    own_ends_of(ids uuid[], OUT transaction_id uuid, OUT epoch integer, OUT status text, OUT deny_reason text, OUT
        callback_uri text, OUT resolved_at timestamp with time zone) - gateway portal: execute
    own_enrollments(user_id text) - gateway: execute
    own_request(id uuid) - nobody
    page_sample(source regclass, first bigint, beyond bigint, places bigint, condition text, age text,
        moment timestamp with time zone, OUT waiting double precision, OUT variance double precision, OUT
        oldest timestamp with time zone) - nobody
    partitioned_tables - admin monitor worker: select
    partition_start(day date, days integer) - admin monitor worker: execute
    payloads(receivers integer[], ids uuid[], statuses text[]) - worker: execute
    portal_belongings(portal integer) - admin: execute
    portal_channel() - gateway portal: execute
    portal_credentials - admin: delete, insert, select (portal_id created_at client_id), update
        (secret_hash)
    portals - admin: delete, insert, select, update (max_open_requests enabled max_starts_per_source display_name
        signing_secret previous_secret previous_secret_until webhook_key webhook_concurrency
        webhook_rate paused notify_on); monitor: select (portal_id max_open_requests created_at enabled
        over_limit max_starts_per_source login name display_name webhook_concurrency webhook_rate paused paused_at paused_by notify_on); worker: select,
        update (over_limit)
    portals_portal_id_seq (sequence) - admin: usage
    queue_figures - nobody
    queue_history - admin monitor: select
    queue_status() - admin gateway monitor worker: execute
    random_channel() - admin: execute
    recent_from() - worker: execute
    recent_until() - worker: execute
    record_history() - worker: execute
    record_hours(until timestamp with time zone) - nobody
    record_limits(moment timestamp with time zone) - nobody
    record_sign_ins(moment timestamp with time zone) - nobody
    redeem(transaction_id uuid, response_code text) - gateway portal: execute
    response_code(submission uuid) - nobody
    return_address(request uuid, submission uuid) - app gateway: execute
    scanned_prompt(scan uuid) - app gateway: execute
    link_address(request uuid, submission uuid, app integer) - nobody
    link_key - nobody
    admitted_return_uri(given text, portal integer) - nobody
    refuse(code text, message text) - admin worker: execute
    refuse_auth_request(given countersign.auth_requests) - nobody
    refuse_deep_savepoints() - nobody
    release_epoch(send boolean) - admin: execute
    release_login(login text, group_role text) - nobody
    remove_app(app integer) - admin: execute
    remove_portal(portal integer) - admin: execute
    repeated_submission(enrollment_id uuid, transaction_id uuid, secret_digest bytea, action text,
        signature text) - gateway: execute
    request_of_any_day(id uuid) - worker: execute
    request_status (type) - nobody
    revoke_again(ids uuid[]) - admin worker: execute
    revoke_enrollment(enrollment_id uuid) - admin gateway: execute
    revoke_own_enrollment(enrollment_id uuid, user_id text) - gateway: execute
    ring(stage text) - worker: execute
    ring_after_insert() - nobody
    rotated_otp(seed text, at timestamp with time zone, OUT otp text, OUT valid_until timestamp with time zone) - gateway
        portal: execute
    schema_current - nobody
    schema_migrations - admin gateway monitor worker: select
    schema_turn - nobody
    send_again(ids uuid[]) - admin: execute
    server_keys - admin: select, update (retired_at secret_key); worker: insert, select, update
        (secret_key)
    set_login_password(login text, verifier text) - admin: execute
    settings - admin: select, update; monitor worker: select
    sign_in_history - admin monitor: select
    signer_public_key(transaction_id uuid) - gateway: execute
    signing_time(signed_at text) - nobody
    source_of(portal integer, address text) - nobody
    stage_controls - admin: select, update (paused batch_size updated_at); monitor worker: select
    stage_figure(stage text, moment timestamp with time zone, OUT waiting bigint, OUT estimated boolean,
        OUT oldest timestamp with time zone) - nobody
    stage_number(stage text) - admin monitor worker: execute
    stage_oldest(stage text, moment timestamp with time zone) - nobody
    stage_source(stage text, OUT source regclass, OUT condition text, OUT key text, OUT age text) - nobody
    start_requests(portals text[], auth_types text[], callback_uris text[], messages text[], secure_messages
        text[], language_codes text[], ip_addresses text[], user_agents text[], refs text[], traceparents text[],
        browser_ids text[], return_uris text[])
        - gateway: execute
    submission_content(otp text, enrollment_id text, action text, signed_at text, prompt_digest text, signature
        text, deny_reason text, channel text) - nobody
    submission_of_any_day(id uuid) - worker: execute
    submission_reason (type) - nobody
    submission_results (view) - app gateway: select
    submission_status (type) - nobody
    submissions - admin: select (submission_id submitted_at resolved_at app_id status detail reason
        action transaction_id enrollment); app gateway: insert (enrollment_id otp action signed_at
        prompt_digest signature deny_reason channel ip_address user_agent), select (submission_id submitted_at status reason action); monitor:
        select (submission_id submitted_at resolved_at app_id status reason action transaction_id
        enrollment); worker: insert, select, update
    store_browser_tokens(portals text[], ids uuid[], digests bytea[], codes bytea[]) - gateway: execute
    submit_answers(app text, users text[], enrollments uuid[], otps text[], actions text[], signed_ats
        text[], prompt_digests text[], signatures text[], deny_reasons text[],
        ip_addresses text[], user_agents text[], channels text[]) - gateway: execute
    token_digest(token bytea, purpose text) - nobody
    take_submission() - nobody
    kept_traceparent(given text) - nobody
    tell_apps(app_ids integer[], ids uuid[], statuses text[]) - worker: execute
    tell_portals(portal_ids integer[], ids uuid[], statuses text[]) - worker: execute
    unlock_enrollment(enrollment_id uuid) - admin: execute
    unshowable_characters() - admin: execute
    usual_wait(setting text) - nobody
    uuid_cell(id uuid) - admin monitor worker: execute
    uuid_floor(moment timestamp with time zone) - admin monitor worker: execute
    uuid_time(id uuid) - admin monitor worker: execute
    uuid_v7() - admin app gateway portal worker: execute
    validate_queue - admin monitor: select; worker: delete, insert, select, update
    verify_events() - admin: execute
    verify_erasures(kept timestamp with time zone) - nobody
    visible_character() - nobody
    wait_until(timeout interval) - nobody
    walked_figure(stage text, moment timestamp with time zone, OUT waiting bigint, OUT estimated boolean,
        OUT oldest timestamp with time zone) - nobody
    webhook_attempts - admin: select (transaction_id started_at attempt duration_ms status_code
        error_class body detail); monitor: select (transaction_id started_at attempt duration_ms
        status_code error_class detail); worker: insert, select, update
    webhook_deliveries - admin monitor: select; worker: insert, select, update
    webhook_endpoint_counts - worker: delete, insert, select, update
    webhook_endpoints - admin monitor: select; worker: delete, insert, select, update
    webhook_tries (view) - admin monitor: select
    worker_stages - admin monitor: select; worker: delete, insert, select, update
    workers - admin: select, update (drain_requested); monitor: select; worker: delete, insert, select,
        update (heartbeat_at draining)
    write_epoch(keeper uuid) - nobody
    """
