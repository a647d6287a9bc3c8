import Countersign
import Postgres
import Support
import Testing

/// The monitor role sees no code, no secret and no user.
@Suite(.database) struct MonitorTests {
    private func monitor() async throws -> Connection {
        try await Database.current.connect(
            as: try await Database.current.makeLogin("monitor", in: .monitor))
    }

    /// Every column that it may read, `table.column`.
    private func readable(_ monitor: inout Connection) async throws -> [String] {
        let sql = """
            SELECT c.relname || '.' || a.attname FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid
            WHERE c.relnamespace = 'countersign'::regnamespace AND c.relkind IN ('r', 'p', 'v') AND a.attnum > 0
              AND has_column_privilege(c.oid, a.attnum, 'SELECT') ORDER BY 1
            """
        return try await monitor.execute(sql).map { try $0.text(0) }
    }

    /// A column added later to a table that it may read as a whole shows up here.
    @Test func `it reads these columns and no others`() async throws {
        var monitor = try await monitor()
        let readable = try await readable(&monitor)
        let tables = Dictionary(grouping: readable) { String($0.prefix { $0 != "." }) }
        let lines = tables.map { table, columns in
            "\(table): " + columns.map { $0.dropFirst(table.count + 1) }.joined(separator: " ")
        }
        #expect(lines.sorted() == unfold(decidedColumns))
        let telling = [
            "user_id", "device_id", "secret", "otp", "password", "digest", "key", "token", "channel",
            ".actor", "_by",
        ]
        for column in readable where telling.contains(where: { column.contains($0) }) {
            #expect(harmless.contains(column), "\(column)")
        }
    }

    /// The fencing token counts a row's takers; the key switch is a setting; transactions and sessions of workers name nobody.
    /// Who has paused something is asked before it is resumed, and a migration names the login of the owner.
    private let harmless = [
        "dispatch_queue.token", "settings.unique_pgp_keys_per_enrollment", "epoch.kept_by", "epoch.noted_by",
        "validate_queue.leased_by", "portals.paused_by", "stage_controls.paused_by",
        "schema_migrations.applied_by",
    ]

    @Test func `nothing that it can read names the user or holds a secret`() async throws {
        let site = try await Site.make()
        let (user, device) = ("user-\(Identifier.random())", "device-\(Identifier.random())")
        let sealed = [UInt8](repeating: 0xA7, count: 24)
        try await Database.current.arrange(
            """
            UPDATE countersign.portals SET signing_secret = decode(repeat('a7', 24), 'hex');
            UPDATE countersign.callback_urls
            SET username = 'basic-user', password = decode(repeat('a7', 24), 'hex')
            """)
        var traces = [user, device, "basic-user", sealed.map { String($0, radix: 16) }.joined()]
        try await withWorkerLogin { _ in
            var portal = try await site.portal()
            var app = try await site.app()
            let enrollment = try await app.enroll(user, device)
            let (_, code) = try await portal.issued()
            #expect(try await app.submit(enrollment, code, "scan").result == "accepted")
            #expect(try await app.submit(enrollment, code, "accept").result == "accepted")
            let wrong = Code.invented()
            #expect(try await app.submit(enrollment, wrong, "scan").result == "rejected")
            let waiting = try await portal.request("visit-of-somebody")
            try await portal.waitUntilIssued(waiting)
            traces += try #require(Code(code)).traces + #require(Code(wrong)).traces
            traces += [try await secret(of: waiting), "visit-of-somebody"]
        }
        let shown = try await everythingShown()
        #expect(shown.contains("authenticated") && shown.contains(site.portalLogin.name))
        #expect(traces.filter { shown.contains($0) } == [])
    }

    /// That of a code nobody has collected, in hex.
    private func secret(of transaction: Identifier) async throws -> String {
        var superuser = try await Database.current.connectAsSuperuser()
        let sql = "SELECT encode(secret, 'hex') FROM countersign.otp_secrets WHERE transaction_id = $1"
        return try await superuser.run(Statement("secret", sql), [.identifier(transaction)])[0].text(0)
    }

    /// All columns, statistics of the planner, functions and activity.
    private func everythingShown() async throws -> String {
        try await Database.current.arrangeAsSuperuser("ANALYZE")
        var monitor = try await monitor()
        var text = ""
        for column in try await readable(&monitor) {
            let parts = column.split(separator: ".")
            let rows = try await monitor.execute("SELECT \(parts[1])::text FROM countersign.\(parts[0])")
            text += try rows.map { "\(column)=\(try $0.optionalText(0) ?? "NULL")\n" }.joined()
        }
        for source in [
            "countersign.queue_status()", "countersign.missing_partitions()", "pg_stats", "pg_stat_activity",
            "pg_locks", "pg_prepared_statements",
        ] {
            let rows = try await monitor.execute("SELECT s::text FROM \(source) AS s")
            text += try rows.map { try $0.text(0) + "\n" }.joined()
        }
        return text
    }
}

private let decidedColumns = """
    apps: app_id created_at enabled enrollment_hold login max_devices_per_user max_enrollments_per_hour max_malformed_per_user max_waiting max_waiting_per_device name
        over_limit
    auth_requests: app_id auth_type callback_uri enrollment_id expires_at issued_at language_code
        message method open_until portal_id requested_at resolved_at scanned_at signature_verified
        signer_fingerprint status transaction_id
    auth_type_messages: auth_type language_code message visitor_line
    auth_types: allow_link allow_qr code_rotation confirm_code method name redeem_once request_expires_in same_country same_network scan_required
    browser_origins: origin portal_id
    callback_urls: callback_id portal_id url
    dead_deliveries: died_at portal_id transaction_id
    dispatch_queue: attempts attempts_before callback_uri due_at epoch leased occurred_at origin portal_id
        queued_at request_status token transaction_id
    enrollments: activated_at app_id created_at enrollment_id held_until locked_until platform reason revoked_at
        status
    epoch: database is_held is_synchronous kept_by kept_until life noted_at noted_by notes number only_row
        suspect_until system_identifier timeline
    epochs: began_at codes enrollments held_to known_until number reason released_at requests
    events: app_id enrollment_id event_id occurred_at portal_id transaction_id type written_in
    home_heartbeat: beat_at cell
    issue_queue: attempts portal_id transaction_id
    limit_history: minute networks over_limit portal_id
    log_levels: level module updated_at
    partitioned_tables: days fillfactor retention_days table_name
    portals: created_at display_name enabled login max_open_requests max_starts_per_source name notify_on over_limit paused
        paused_at paused_by portal_id webhook_concurrency webhook_rate
    queue_history: done errors minute stage unit waiting
    schema_migrations: applied_at applied_by checksum duration_ms minimum_binary name no_undo undo version
    settings: callback_allowlist_enabled enrollment_enabled evidence_kept_after_erasure mobile_authentication_enabled only_row resume_after_restore
        signature_required unique_pgp_keys_per_enrollment updated_at
    sign_in_history: answer_times asked authenticated cancelled code_times dead delivered denied
        expired failed minute undelivered unit
    stage_controls: batch_size paused paused_at paused_by stage updated_at
    submissions: action app_id enrollment reason resolved_at status submission_id submitted_at
        transaction_id
    validate_queue: app_id attempts enrollment_id leased_by leased_until leases submission_id
    webhook_attempts: attempt detail duration_ms error_class started_at status_code transaction_id
    webhook_deliveries: attempts callback_uri created_at epoch finished_at first_at first_code first_ms portal_id
        request_status status transaction_id
    webhook_endpoints: changed_at failing_since open_until origin portal_id reason state trips
    webhook_tries: attempt detail duration_ms error_class started_at status_code transaction_id
    worker_stages: done_last_minute errors in_flight stage worker_id
    workers: drain_requested draining has_places heartbeat_at host process_id program started_at worker_id
    """
