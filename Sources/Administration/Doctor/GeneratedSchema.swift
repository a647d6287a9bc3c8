// Made by scripts/embed-schema from the migrations: change those, then run it.

/// Every object of the schema and its definition, as `SchemaListing` reads them.
let expectedSchema: [String] = #"""
    column apps.app_id	integer not null d
    column apps.channel	text not null default countersign.random_channel()
    column apps.created_at	timestamp with time zone not null default clock_timestamp()
    column apps.enabled	boolean not null default true
    column apps.login	name not null
    column apps.name	text not null
    column auth_requests.app_id	integer
    column auth_requests.auth_type	text not null
    column auth_requests.callback_uri	text not null
    column auth_requests.device_id	text
    column auth_requests.enrollment_id	uuid
    column auth_requests.expires_at	timestamp with time zone not null
    column auth_requests.ip_address	text
    column auth_requests.issued_at	timestamp with time zone
    column auth_requests.language_code	text
    column auth_requests.message	text not null
    column auth_requests.method	text not null
    column auth_requests.open_scan_by	uuid
    column auth_requests.open_until	timestamp with time zone
    column auth_requests.portal_id	integer not null
    column auth_requests.prompt	text
    column auth_requests.reference	text
    column auth_requests.requested_at	timestamp with time zone not null
    column auth_requests.resolved_at	timestamp with time zone
    column auth_requests.scanned_at	timestamp with time zone
    column auth_requests.secret_digest	bytea
    column auth_requests.secure_message	text
    column auth_requests.signature	text
    column auth_requests.signature_verified	boolean
    column auth_requests.signer_fingerprint	text
    column auth_requests.status	countersign.request_status not null
    column auth_requests.traceparent	text
    column auth_requests.transaction_id	uuid not null default countersign.uuid_v7()
    column auth_requests.user_agent	text
    column auth_requests.user_id	text
    column auth_requests_default.app_id	integer
    column auth_requests_default.auth_type	text not null
    column auth_requests_default.callback_uri	text not null
    column auth_requests_default.device_id	text
    column auth_requests_default.enrollment_id	uuid
    column auth_requests_default.expires_at	timestamp with time zone not null
    column auth_requests_default.ip_address	text
    column auth_requests_default.issued_at	timestamp with time zone
    column auth_requests_default.language_code	text
    column auth_requests_default.message	text not null
    column auth_requests_default.method	text not null
    column auth_requests_default.open_scan_by	uuid
    column auth_requests_default.open_until	timestamp with time zone
    column auth_requests_default.portal_id	integer not null
    column auth_requests_default.prompt	text
    column auth_requests_default.reference	text
    column auth_requests_default.requested_at	timestamp with time zone not null
    column auth_requests_default.resolved_at	timestamp with time zone
    column auth_requests_default.scanned_at	timestamp with time zone
    column auth_requests_default.secret_digest	bytea
    column auth_requests_default.secure_message	text
    column auth_requests_default.signature	text
    column auth_requests_default.signature_verified	boolean
    column auth_requests_default.signer_fingerprint	text
    column auth_requests_default.status	countersign.request_status not null
    column auth_requests_default.traceparent	text
    column auth_requests_default.transaction_id	uuid not null default countersign.uuid_v7()
    column auth_requests_default.user_agent	text
    column auth_requests_default.user_id	text
    column auth_results.app_id	integer
    column auth_results.authentication_method	text
    column auth_results.callback_uri	text
    column auth_results.device_id	text
    column auth_results.is_authenticated	boolean
    column auth_results.not_authenticated_reason	text
    column auth_results.reference	text
    column auth_results.requested_at	timestamp with time zone
    column auth_results.resolved_at	timestamp with time zone
    column auth_results.signature	text
    column auth_results.signature_verified	boolean
    column auth_results.signer_fingerprint	text
    column auth_results.status	countersign.request_status
    column auth_results.transaction_id	uuid
    column auth_results.user_id	text
    column auth_results.valid_until	timestamp with time zone
    column auth_type_messages.auth_type	text not null
    column auth_type_messages.language_code	text not null
    column auth_type_messages.message	text not null
    column auth_types.method	text not null default 'otp'::text
    column auth_types.name	text not null
    column auth_types.request_expires_in	integer not null default 180
    column callback_urls.callback_id	integer not null d
    column callback_urls.password	bytea
    column callback_urls.portal_id	integer not null
    column callback_urls.url	text not null
    column callback_urls.username	text
    column dead_deliveries.died_at	timestamp with time zone not null default clock_timestamp()
    column dead_deliveries.portal_id	integer not null
    column dead_deliveries.transaction_id	uuid not null
    column dispatch_queue.attempts	integer not null default 0
    column dispatch_queue.attempts_before	integer not null default 0
    column dispatch_queue.callback_uri	text not null
    column dispatch_queue.due_at	timestamp with time zone not null
    column dispatch_queue.leased	boolean not null default false
    column dispatch_queue.occurred_at	timestamp with time zone not null
    column dispatch_queue.origin	text not null default COALESCE(lower("substring"(callback_uri, '^[A-Za-z]+://[^/?]*'::text)), ''::text)
    column dispatch_queue.portal_id	integer not null
    column dispatch_queue.queued_at	timestamp with time zone not null default clock_timestamp()
    column dispatch_queue.request_status	text not null
    column dispatch_queue.token	bigint not null default 0
    column dispatch_queue.transaction_id	uuid not null
    column enrollment_results.device_id	text
    column enrollment_results.enrollment_id	uuid
    column enrollment_results.key_fingerprint	text
    column enrollment_results.reason	text
    column enrollment_results.server_public_key	text
    column enrollment_results.status	text
    column enrollment_results.user_id	text
    column enrollments.activated_at	timestamp with time zone
    column enrollments.app_id	integer not null
    column enrollments.attempts	smallint not null default 0
    column enrollments.created_at	timestamp with time zone not null default clock_timestamp()
    column enrollments.device_id	text not null
    column enrollments.device_name	text
    column enrollments.enrollment_id	uuid not null default countersign.uuid_v7()
    column enrollments.key_fingerprint	text
    column enrollments.locked_until	timestamp with time zone
    column enrollments.platform	text
    column enrollments.public_key	text
    column enrollments.reason	text
    column enrollments.revoked_at	timestamp with time zone
    column enrollments.server_key_id	uuid
    column enrollments.status	text not null default 'pending'::text
    column enrollments.user_id	text not null
    column enrollments.wrong_codes	timestamp with time zone[] not null default '{}'::timestamp with time zone[]
    column events.actor	text not null default CASE WHEN ((current_setting('countersign.operator'::text, true) <> ''::text) AND pg_has_role(SESSION_USER, 'countersign_admin'::name, 'MEMBER'::text)) THEN current_setting('countersign.operator'::text, true) ELSE (SESSION_USER)::text END
    column events.app_id	integer
    column events.details	jsonb not null default '{}'::jsonb
    column events.enrollment_id	uuid
    column events.event_id	uuid not null default countersign.uuid_v7()
    column events.occurred_at	timestamp with time zone not null default clock_timestamp()
    column events.portal_id	integer
    column events.transaction_id	uuid
    column events.type	text not null
    column events.user_id	text
    column events_default.actor	text not null default CASE WHEN ((current_setting('countersign.operator'::text, true) <> ''::text) AND pg_has_role(SESSION_USER, 'countersign_admin'::name, 'MEMBER'::text)) THEN current_setting('countersign.operator'::text, true) ELSE (SESSION_USER)::text END
    column events_default.app_id	integer
    column events_default.details	jsonb not null default '{}'::jsonb
    column events_default.enrollment_id	uuid
    column events_default.event_id	uuid not null default countersign.uuid_v7()
    column events_default.occurred_at	timestamp with time zone not null default clock_timestamp()
    column events_default.portal_id	integer
    column events_default.transaction_id	uuid
    column events_default.type	text not null
    column events_default.user_id	text
    column issue_queue.attempts	smallint not null default 0
    column issue_queue.portal_id	integer not null
    column issue_queue.transaction_id	uuid not null
    column log_levels.level	text not null
    column log_levels.module	text not null
    column log_levels.updated_at	timestamp with time zone not null default clock_timestamp()
    column operator_sessions.expires_at	timestamp with time zone not null
    column operator_sessions.operator	text not null
    column operator_sessions.token_digest	bytea not null
    column operators.created_at	timestamp with time zone not null default clock_timestamp()
    column operators.is_admin	boolean not null default false
    column operators.name	text not null
    column operators.password_hash	text not null
    column otp_secrets.expires_at	timestamp with time zone not null
    column otp_secrets.portal_id	integer not null
    column otp_secrets.secret	bytea not null
    column otp_secrets.transaction_id	uuid not null
    column partitioned_tables.fillfactor	integer not null
    column partitioned_tables.retention_days	integer not null
    column partitioned_tables.table_name	text not null
    column portal_credentials.client_id	text not null
    column portal_credentials.created_at	timestamp with time zone not null default clock_timestamp()
    column portal_credentials.portal_id	integer not null
    column portal_credentials.secret_hash	text not null
    column portals.channel	text not null default countersign.random_channel()
    column portals.created_at	timestamp with time zone not null default clock_timestamp()
    column portals.display_name	text not null
    column portals.enabled	boolean not null default true
    column portals.login	name not null
    column portals.max_open_requests	integer not null default 100000
    column portals.name	text not null
    column portals.over_limit	boolean not null default false
    column portals.paused	boolean not null default false
    column portals.portal_id	integer not null d
    column portals.previous_secret	bytea
    column portals.previous_secret_until	timestamp with time zone
    column portals.signing_secret	bytea not null
    column portals.webhook_concurrency	integer not null default 8
    column portals.webhook_key	bytea
    column portals.webhook_rate	integer
    column queue_figures.estimated	boolean not null
    column queue_figures.measured_at	timestamp with time zone not null
    column queue_figures.oldest	timestamp with time zone
    column queue_figures.stage	text not null
    column queue_figures.waiting	bigint not null
    column queue_history.done	bigint not null
    column queue_history.minute	timestamp with time zone not null
    column queue_history.stage	text not null
    column queue_history.waiting	bigint not null
    column schema_current.applied_at	timestamp with time zone not null default clock_timestamp()
    column schema_current.applied_by	text not null default SESSION_USER
    column schema_current.checksum	text not null
    column schema_current.duration_ms	integer
    column schema_current.name	text not null
    column schema_current.program	integer not null
    column schema_migrations.applied_at	timestamp with time zone not null default clock_timestamp()
    column schema_migrations.applied_by	text not null default SESSION_USER
    column schema_migrations.checksum	text not null
    column schema_migrations.duration_ms	integer
    column schema_migrations.minimum_binary	integer not null
    column schema_migrations.name	text not null
    column schema_migrations.version	integer not null
    column server_keys.created_at	timestamp with time zone not null default clock_timestamp()
    column server_keys.fingerprint	text not null
    column server_keys.public_key	text not null
    column server_keys.retired_at	timestamp with time zone
    column server_keys.secret_key	bytea
    column server_keys.server_key_id	uuid not null
    column server_keys.shared	boolean not null default false
    column settings.callback_allowlist_enabled	boolean not null default true
    column settings.enrollment_enabled	boolean not null default true
    column settings.mobile_authentication_enabled	boolean not null default true
    column settings.only_row	boolean not null default true
    column settings.signature_required	boolean not null default true
    column settings.unique_pgp_keys_per_enrollment	boolean not null default true
    column settings.updated_at	timestamp with time zone not null default clock_timestamp()
    column stage_controls.batch_size	integer
    column stage_controls.paused	boolean not null default false
    column stage_controls.stage	text not null
    column stage_controls.updated_at	timestamp with time zone not null default clock_timestamp()
    column submission_results.action	text
    column submission_results.prompt	text
    column submission_results.reason	text
    column submission_results.result	text
    column submission_results.submission_id	uuid
    column submission_results.transaction_id	uuid
    column submissions.action	text
    column submissions.app_id	integer not null
    column submissions.enrollment	uuid
    column submissions.enrollment_id	text
    column submissions.otp	text
    column submissions.prompt	text
    column submissions.prompt_digest	text
    column submissions.reason	text
    column submissions.resolved_at	timestamp with time zone
    column submissions.secret_digest	bytea
    column submissions.signature	text
    column submissions.signed_at	text
    column submissions.signed_time	timestamp with time zone
    column submissions.status	text not null
    column submissions.submission_id	uuid not null default countersign.uuid_v7()
    column submissions.submitted_at	timestamp with time zone not null
    column submissions.transaction_id	uuid
    column submissions_default.action	text
    column submissions_default.app_id	integer not null
    column submissions_default.enrollment	uuid
    column submissions_default.enrollment_id	text
    column submissions_default.otp	text
    column submissions_default.prompt	text
    column submissions_default.prompt_digest	text
    column submissions_default.reason	text
    column submissions_default.resolved_at	timestamp with time zone
    column submissions_default.secret_digest	bytea
    column submissions_default.signature	text
    column submissions_default.signed_at	text
    column submissions_default.signed_time	timestamp with time zone
    column submissions_default.status	text not null
    column submissions_default.submission_id	uuid not null default countersign.uuid_v7()
    column submissions_default.submitted_at	timestamp with time zone not null
    column submissions_default.transaction_id	uuid
    column validate_queue.app_id	integer not null
    column validate_queue.attempts	smallint not null default 0
    column validate_queue.submission_id	uuid not null
    column webhook_attempts.attempt	integer not null
    column webhook_attempts.body	text
    column webhook_attempts.detail	text
    column webhook_attempts.duration_ms	integer not null
    column webhook_attempts.error_class	text
    column webhook_attempts.started_at	timestamp with time zone not null
    column webhook_attempts.status_code	integer
    column webhook_attempts.transaction_id	uuid not null
    column webhook_attempts_default.attempt	integer not null
    column webhook_attempts_default.body	text
    column webhook_attempts_default.detail	text
    column webhook_attempts_default.duration_ms	integer not null
    column webhook_attempts_default.error_class	text
    column webhook_attempts_default.started_at	timestamp with time zone not null
    column webhook_attempts_default.status_code	integer
    column webhook_attempts_default.transaction_id	uuid not null
    column webhook_deliveries.attempts	integer not null default 0
    column webhook_deliveries.callback_uri	text not null
    column webhook_deliveries.created_at	timestamp with time zone not null
    column webhook_deliveries.finished_at	timestamp with time zone
    column webhook_deliveries.portal_id	integer not null
    column webhook_deliveries.request_status	text not null
    column webhook_deliveries.status	text not null default 'pending'::text
    column webhook_deliveries.transaction_id	uuid not null
    column webhook_deliveries_default.attempts	integer not null default 0
    column webhook_deliveries_default.callback_uri	text not null
    column webhook_deliveries_default.created_at	timestamp with time zone not null
    column webhook_deliveries_default.finished_at	timestamp with time zone
    column webhook_deliveries_default.portal_id	integer not null
    column webhook_deliveries_default.request_status	text not null
    column webhook_deliveries_default.status	text not null default 'pending'::text
    column webhook_deliveries_default.transaction_id	uuid not null
    column webhook_endpoint_counts.attempts	integer not null
    column webhook_endpoint_counts.failures	integer not null
    column webhook_endpoint_counts.origin	text not null
    column webhook_endpoint_counts.portal_id	integer not null
    column webhook_endpoint_counts.slot	timestamp with time zone not null
    column webhook_endpoint_counts.worker_id	uuid not null
    column webhook_endpoints.changed_at	timestamp with time zone not null
    column webhook_endpoints.failing_since	timestamp with time zone
    column webhook_endpoints.open_until	timestamp with time zone not null
    column webhook_endpoints.origin	text not null
    column webhook_endpoints.portal_id	integer not null
    column webhook_endpoints.reason	text
    column webhook_endpoints.state	text not null
    column webhook_endpoints.trips	integer not null default 0
    column worker_stages.done_last_minute	bigint not null default 0
    column worker_stages.errors	bigint not null default 0
    column worker_stages.in_flight	integer not null default 0
    column worker_stages.stage	text not null
    column worker_stages.worker_id	uuid not null
    column workers.drain_requested	boolean not null default false
    column workers.draining	boolean not null default false
    column workers.heartbeat_at	timestamp with time zone not null default clock_timestamp()
    column workers.host	text not null
    column workers.process_id	integer not null
    column workers.program	integer not null
    column workers.started_at	timestamp with time zone not null default clock_timestamp()
    column workers.worker_id	uuid not null
    constraint apps.apps_login_once	UNIQUE (login)
    constraint apps.apps_name_form	CHECK ((name ~ '^[a-z0-9][a-z0-9-]{0,62}$'::text))
    constraint apps.apps_name_once	UNIQUE (name)
    constraint apps.apps_pkey	PRIMARY KEY (app_id)
    constraint auth_requests.auth_requests_open	CHECK (((open_until IS NULL) = (resolved_at IS NOT NULL)))
    constraint auth_requests.auth_requests_pkey	PRIMARY KEY (transaction_id)
    constraint auth_requests_default.auth_requests_default_pkey	PRIMARY KEY (transaction_id)
    constraint auth_requests_default.auth_requests_open	CHECK (((open_until IS NULL) = (resolved_at IS NOT NULL)))
    constraint auth_type_messages.auth_type_messages_auth_type_fkey	FOREIGN KEY (auth_type) REFERENCES countersign.auth_types(name) ON UPDATE CASCADE ON DELETE CASCADE
    constraint auth_type_messages.auth_type_messages_language	CHECK ((language_code ~ '^[a-z]{2,3}(-[a-z0-9]{2,8})*$'::text))
    constraint auth_type_messages.auth_type_messages_length	CHECK (((char_length(message) >= 1) AND (char_length(message) <= 155)))
    constraint auth_type_messages.auth_type_messages_pkey	PRIMARY KEY (auth_type, language_code)
    constraint auth_types.auth_types_method	CHECK ((method = 'otp'::text))
    constraint auth_types.auth_types_name_form	CHECK ((name ~ '^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$'::text))
    constraint auth_types.auth_types_pkey	PRIMARY KEY (name)
    constraint auth_types.auth_types_request_expires_in	CHECK (((request_expires_in >= 30) AND (request_expires_in <= 600)))
    constraint callback_urls.callback_urls_basic	CHECK (((username IS NULL) = (password IS NULL)))
    constraint callback_urls.callback_urls_form	CHECK (((url ~ '^https?://'::text) AND (octet_length(url) <= 2048)))
    constraint callback_urls.callback_urls_once	UNIQUE (portal_id, url)
    constraint callback_urls.callback_urls_pkey	PRIMARY KEY (callback_id)
    constraint callback_urls.callback_urls_portal_id_fkey	FOREIGN KEY (portal_id) REFERENCES countersign.portals(portal_id) ON DELETE CASCADE
    constraint callback_urls.callback_urls_username	CHECK ((username !~ ':'::text))
    constraint dead_deliveries.dead_deliveries_pkey	PRIMARY KEY (transaction_id)
    constraint dispatch_queue.dispatch_queue_pkey	PRIMARY KEY (transaction_id)
    constraint enrollments.enrollments_app_id_fkey	FOREIGN KEY (app_id) REFERENCES countersign.apps(app_id)
    constraint enrollments.enrollments_pkey	PRIMARY KEY (enrollment_id)
    constraint enrollments.enrollments_server_key_id_fkey	FOREIGN KEY (server_key_id) REFERENCES countersign.server_keys(server_key_id)
    constraint enrollments.enrollments_status	CHECK ((status = ANY (ARRAY['pending'::text, 'active'::text, 'rejected'::text, 'revoked'::text])))
    constraint events.events_pkey	PRIMARY KEY (event_id)
    constraint events_default.events_default_pkey	PRIMARY KEY (event_id)
    constraint issue_queue.issue_queue_pkey	PRIMARY KEY (portal_id, transaction_id)
    constraint log_levels.log_levels_level	CHECK ((level = ANY (ARRAY['trace'::text, 'debug'::text, 'info'::text, 'notice'::text, 'warning'::text, 'error'::text, 'critical'::text])))
    constraint log_levels.log_levels_module	CHECK ((module ~ '^[a-z][a-z0-9-]{0,31}$'::text))
    constraint log_levels.log_levels_pkey	PRIMARY KEY (module)
    constraint operator_sessions.operator_sessions_operator_fkey	FOREIGN KEY (operator) REFERENCES countersign.operators(name) ON DELETE CASCADE
    constraint operator_sessions.operator_sessions_pkey	PRIMARY KEY (token_digest)
    constraint operators.operators_name_form	CHECK ((name ~ '^[a-z0-9][a-z0-9._-]{0,62}$'::text))
    constraint operators.operators_pkey	PRIMARY KEY (name)
    constraint otp_secrets.otp_secrets_length	CHECK ((octet_length(secret) = 32))
    constraint otp_secrets.otp_secrets_pkey	PRIMARY KEY (transaction_id)
    constraint partitioned_tables.partitioned_tables_pkey	PRIMARY KEY (table_name)
    constraint partitioned_tables.partitioned_tables_retention	CHECK ((retention_days >= 1))
    constraint portal_credentials.portal_credentials_form	CHECK ((client_id ~ '^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$'::text))
    constraint portal_credentials.portal_credentials_pkey	PRIMARY KEY (client_id)
    constraint portal_credentials.portal_credentials_portal_id_fkey	FOREIGN KEY (portal_id) REFERENCES countersign.portals(portal_id) ON DELETE CASCADE
    constraint portals.portals_display_name_length	CHECK (((char_length(display_name) >= 1) AND (char_length(display_name) <= 100)))
    constraint portals.portals_login_once	UNIQUE (login)
    constraint portals.portals_max_open_requests	CHECK (((max_open_requests >= 1) AND (max_open_requests <= 100000000)))
    constraint portals.portals_name_form	CHECK ((name ~ '^[a-z0-9][a-z0-9-]{0,62}$'::text))
    constraint portals.portals_name_once	UNIQUE (name)
    constraint portals.portals_pkey	PRIMARY KEY (portal_id)
    constraint portals.portals_previous_secret	CHECK (((previous_secret IS NULL) = (previous_secret_until IS NULL)))
    constraint portals.portals_webhook_concurrency	CHECK (((webhook_concurrency >= 1) AND (webhook_concurrency <= 100)))
    constraint portals.portals_webhook_rate	CHECK (((webhook_rate >= 1) AND (webhook_rate <= 100000)))
    constraint queue_figures.queue_figures_pkey	PRIMARY KEY (stage)
    constraint queue_history.queue_history_pkey	PRIMARY KEY (stage, minute)
    constraint schema_current.schema_current_pkey	PRIMARY KEY (name)
    constraint schema_migrations.schema_migrations_pkey	PRIMARY KEY (version)
    constraint server_keys.server_keys_forgotten	CHECK (((secret_key IS NOT NULL) OR (NOT shared)))
    constraint server_keys.server_keys_pkey	PRIMARY KEY (server_key_id)
    constraint settings.settings_only_row	CHECK (only_row)
    constraint settings.settings_pkey	PRIMARY KEY (only_row)
    constraint stage_controls.stage_controls_batch_size	CHECK (((batch_size >= 1) AND (batch_size <= 1000)))
    constraint stage_controls.stage_controls_pkey	PRIMARY KEY (stage)
    constraint stage_controls.stage_controls_stage	CHECK ((stage = ANY (ARRAY['enroll'::text, 'issue'::text, 'validate'::text, 'expire'::text, 'dispatch'::text, 'housekeep'::text])))
    constraint submissions.submissions_otp_never_stored	CHECK ((otp IS NULL))
    constraint submissions.submissions_pkey	PRIMARY KEY (submission_id)
    constraint submissions.submissions_reason	CHECK ((reason = ANY (ARRAY['malformed'::text, 'unknown_code'::text, 'expired'::text, 'already_used'::text, 'other_device'::text, 'not_enrolled'::text, 'enrollment_revoked'::text, 'enrollment_disabled'::text, 'invalid_signature'::text, 'stale_signature'::text, 'wrong_prompt'::text, 'too_many_scans'::text, 'locked_out'::text])))
    constraint submissions.submissions_reason_given	CHECK (((status = 'rejected'::text) = (reason IS NOT NULL)))
    constraint submissions.submissions_status	CHECK ((status = ANY (ARRAY['pending'::text, 'accepted'::text, 'rejected'::text])))
    constraint submissions_default.submissions_default_pkey	PRIMARY KEY (submission_id)
    constraint submissions_default.submissions_otp_never_stored	CHECK ((otp IS NULL))
    constraint submissions_default.submissions_reason	CHECK ((reason = ANY (ARRAY['malformed'::text, 'unknown_code'::text, 'expired'::text, 'already_used'::text, 'other_device'::text, 'not_enrolled'::text, 'enrollment_revoked'::text, 'enrollment_disabled'::text, 'invalid_signature'::text, 'stale_signature'::text, 'wrong_prompt'::text, 'too_many_scans'::text, 'locked_out'::text])))
    constraint submissions_default.submissions_reason_given	CHECK (((status = 'rejected'::text) = (reason IS NOT NULL)))
    constraint submissions_default.submissions_status	CHECK ((status = ANY (ARRAY['pending'::text, 'accepted'::text, 'rejected'::text])))
    constraint validate_queue.validate_queue_pkey	PRIMARY KEY (app_id, submission_id)
    constraint webhook_attempts.webhook_attempts_body	CHECK ((octet_length(body) <= 8192))
    constraint webhook_attempts.webhook_attempts_detail	CHECK ((octet_length(detail) <= 1024))
    constraint webhook_attempts.webhook_attempts_pkey	PRIMARY KEY (transaction_id, attempt)
    constraint webhook_attempts_default.webhook_attempts_body	CHECK ((octet_length(body) <= 8192))
    constraint webhook_attempts_default.webhook_attempts_default_pkey	PRIMARY KEY (transaction_id, attempt)
    constraint webhook_attempts_default.webhook_attempts_detail	CHECK ((octet_length(detail) <= 1024))
    constraint webhook_deliveries.webhook_deliveries_finished	CHECK (((status = 'pending'::text) = (finished_at IS NULL)))
    constraint webhook_deliveries.webhook_deliveries_pkey	PRIMARY KEY (transaction_id)
    constraint webhook_deliveries.webhook_deliveries_status	CHECK ((status = ANY (ARRAY['pending'::text, 'delivered'::text, 'dead'::text])))
    constraint webhook_deliveries_default.webhook_deliveries_default_pkey	PRIMARY KEY (transaction_id)
    constraint webhook_deliveries_default.webhook_deliveries_finished	CHECK (((status = 'pending'::text) = (finished_at IS NULL)))
    constraint webhook_deliveries_default.webhook_deliveries_status	CHECK ((status = ANY (ARRAY['pending'::text, 'delivered'::text, 'dead'::text])))
    constraint webhook_endpoint_counts.webhook_endpoint_counts_pkey	PRIMARY KEY (portal_id, origin, slot, worker_id)
    constraint webhook_endpoints.webhook_endpoints_pkey	PRIMARY KEY (portal_id, origin)
    constraint webhook_endpoints.webhook_endpoints_portal_id_fkey	FOREIGN KEY (portal_id) REFERENCES countersign.portals(portal_id) ON DELETE CASCADE
    constraint webhook_endpoints.webhook_endpoints_state	CHECK ((state = ANY (ARRAY['closed'::text, 'open'::text, 'half_open'::text])))
    constraint worker_stages.worker_stages_pkey	PRIMARY KEY (worker_id, stage)
    constraint worker_stages.worker_stages_stage	CHECK ((stage = ANY (ARRAY['enroll'::text, 'issue'::text, 'validate'::text, 'expire'::text, 'dispatch'::text, 'housekeep'::text])))
    constraint worker_stages.worker_stages_worker_id_fkey	FOREIGN KEY (worker_id) REFERENCES countersign.workers(worker_id) ON DELETE CASCADE
    constraint workers.workers_pkey	PRIMARY KEY (worker_id)
    function app_channel()	text s definer search_path=pg_catalog, pg_temp 5aa426f549a754fa624212586283ab48
    function arm_bell(stage text)	integer v search_path=pg_catalog, pg_temp 2be09576e18a28b7c664ad891c0f8408
    function await_otp(transaction_id uuid, timeout interval)	text v definer search_path=pg_catalog, pg_temp,plan_cache_mode=force_generic_plan,enable_seqscan=off,jit=off 6cdb21d4079e829ce60c0a2bd41fc8fe
    function await_submission(submission_id uuid, timeout interval)	SETOF countersign.submission_results v definer search_path=pg_catalog, pg_temp,plan_cache_mode=force_generic_plan,enable_seqscan=off,jit=off c7da2c190fadc38e415d31ca10ca4dfb
    function cancel_request(transaction_id uuid)	boolean v definer search_path=pg_catalog, pg_temp,plan_cache_mode=force_generic_plan,enable_seqscan=off,jit=off 869c009c093fd8d3cceb23be932640bd
    function check_auth_request()	trigger v definer search_path=pg_catalog, pg_temp,plan_cache_mode=force_generic_plan be0c6715977e169608f56bfba012631a
    function check_enrollment()	trigger v definer search_path=pg_catalog, pg_temp 4f0ac0e2955565ee1792172530923d8f
    function check_text(column_name text, value text, longest integer)	void v search_path=pg_catalog, pg_temp b60ea057c6680423edc40c30ccdf5d75
    function collect_otp(transaction_id uuid)	text v definer search_path=pg_catalog, pg_temp,plan_cache_mode=force_generic_plan,enable_seqscan=off,jit=off f6632d624cf59f7453f1861ba9dfec4c
    function counted_queue(stage text)	bigint v search_path=pg_catalog, pg_temp,enable_indexscan=off,enable_indexonlyscan=off,enable_bitmapscan=off,jit=off f9b2995218140590ba2127b05f9b89fd
    function counted_spread(stage text, moment timestamp with time zone, most integer)	bigint v search_path=pg_catalog, pg_temp,plan_cache_mode=force_generic_plan,enable_seqscan=off,enable_bitmapscan=off,jit=off c7229373651dc296088e92401e365de9
    function create_login(login text, group_role text, verifier text)	boolean v definer search_path=pg_catalog, pg_temp e020647178d2a61c0486928404674d7b
    function create_partition(table_name text, day date)	void v definer search_path=pg_catalog, pg_temp,lock_timeout=50ms 273197bb00433bca3a972625d045887a
    function current_app()	integer s definer search_path=pg_catalog, pg_temp,plan_cache_mode=force_generic_plan a62aa88a9cebf2e52ead22ff910810f3
    function current_portal()	integer s definer search_path=pg_catalog, pg_temp,plan_cache_mode=force_generic_plan 4ec22c997d0f66666af79e037c6ea634
    function drop_partition(partition_name text)	void v definer search_path=pg_catalog, pg_temp,lock_timeout=50ms c2f41d67461deba90d439535696dff27
    function enabled_types(user_id text, device_id text)	TABLE(name text, method text) s definer search_path=pg_catalog, pg_temp a11e2cf071966303c3e912725c67aa43
    function end_requests(ids uuid[], ends text[], enrollment_ids uuid[], submission_ids uuid[], verified boolean[], fingerprints text[])	SETOF uuid v definer search_path=pg_catalog, pg_temp,plan_cache_mode=force_generic_plan,enable_seqscan=off,jit=off 7cbf83f034f36579cf3fb64367bd9b94
    function estimated_figure(stage text, since timestamp with time zone, moment timestamp with time zone, OUT waiting bigint, OUT oldest timestamp with time zone)	record v search_path=pg_catalog, pg_temp 6996a61644683b3ff8407e1ddf86c5c3
    function estimated_queue(source regclass, condition text, age text, moment timestamp with time zone, OUT waiting bigint, OUT oldest timestamp with time zone)	record v search_path=pg_catalog, pg_temp 8e5b530c7937e9c0fd154c92937adf52
    function estimated_spread(source regclass, condition text, key text, age text, since timestamp with time zone, moment timestamp with time zone, OUT waiting bigint, OUT oldest timestamp with time zone)	record v search_path=pg_catalog, pg_temp,enable_seqscan=off,enable_bitmapscan=off,enable_sort=off,jit=off da0d665fed4029085eac1114dce0c482
    function is_callback_uri(uri text)	boolean i search_path=pg_catalog, pg_temp 82c3a8b05b91a600b56f75f218bf522f
    function is_inet(value text)	boolean i search_path=pg_catalog, pg_temp 77c0d84c3250c1d86c725fecd71887d1
    function is_own_row(row_xmin xid)	boolean v search_path=pg_catalog, pg_temp e5e05c2b659f1ee436aee1b7d6e3159b
    function is_quick(stage text)	boolean v search_path=pg_catalog, pg_temp ba1d7909a4cde28fda87f4cd6b2b4526
    function measure_queues()	void v definer search_path=pg_catalog, pg_temp 85196321507a04e14f23572dd3a75e5c
    function mend_default_partition(table_name text)	bigint v definer search_path=pg_catalog, pg_temp,lock_timeout=2s 47552329747fe4fe5334a46d719aa04b
    function missing_partitions(days_ahead integer)	TABLE(table_name text, partition_name text, day date) s search_path=pg_catalog, pg_temp 0f4a1b2df4caf568eb5111fdffdfa5d2
    function note_dead_delivery()	trigger v definer search_path=pg_catalog, pg_temp 934aaa437830232ec048d2b9641a1c74
    function operating_figures()	TABLE(name text, label text, value double precision) v definer search_path=pg_catalog, pg_temp f474eb787c7645ce1d8f70b75fbb12bf
    function outlived_partitions()	TABLE(partition_name text) s search_path=pg_catalog, pg_temp 328f96f673c69cc62634a466a776d5e1
    function own_enrollments(user_id text)	TABLE(enrollment_id uuid, device_id text, device_name text, platform text, status text, reason text, server_public_key text, created_at timestamp with time zone) s definer search_path=pg_catalog, pg_temp a2a021cae2417b124ff87b8ec873a3cd
    function own_request(id uuid)	countersign.auth_requests v definer search_path=pg_catalog, pg_temp,plan_cache_mode=force_generic_plan,enable_seqscan=off,jit=off de57b952fbb458a635d58b28a5df57bc
    function page_sample(source regclass, first bigint, beyond bigint, places bigint, condition text, age text, moment timestamp with time zone, OUT waiting double precision, OUT variance double precision, OUT oldest timestamp with time zone)	record v search_path=pg_catalog, pg_temp,jit=off 15658f5d89ba0e5a58dce6e5f7f88a78
    function portal_channel()	text s definer search_path=pg_catalog, pg_temp 6858effed033c44b2fbe99ec8b74acad
    function portal_credential(client_id text)	TABLE(portal text, channel text, enabled boolean, secret_hash text) s definer search_path=pg_catalog, pg_temp 4564f7d6735b7a5db38ae2208ae37cf3
    function queue_status()	TABLE(stage text, waiting bigint, estimated boolean, oldest timestamp with time zone, in_flight bigint, done_last_minute bigint) v definer search_path=pg_catalog, pg_temp 897e3f21475b61174c6a675939187cf0
    function random_channel()	text v search_path=pg_catalog, pg_temp 7c2ea74c5801681eeaa8c32095894b8a
    function record_history()	void v definer search_path=pg_catalog, pg_temp 85937a4c24c839c4b4245caf8be79ed8
    function refuse(code text, message text)	void v search_path=pg_catalog, pg_temp cc65f81473eee166ff78a36a567d3d60
    function refuse_auth_request(given countersign.auth_requests)	void v search_path=pg_catalog, pg_temp c75a390f8606df5e2b4fbcc96d3fc4fe
    function repeated_submission(enrollment_id uuid, transaction_id uuid, secret_digest bytea, action text, signature text)	TABLE(prompt text) s definer search_path=pg_catalog, pg_temp,plan_cache_mode=force_generic_plan,enable_seqscan=off,jit=off 801f968975a8a1acc9599e931d9dd6e5
    function revoke_enrollment(enrollment_id uuid)	boolean v definer search_path=pg_catalog, pg_temp 43950d00ca5e130dbed717942ff296b9
    function revoke_own_enrollment(enrollment_id uuid, user_id text)	boolean v definer search_path=pg_catalog, pg_temp 590c67e9f72cb5eb90c7bde359801d70
    function ring(stage text)	void v search_path=pg_catalog, pg_temp 56e105f878795812d13721953afdf9d0
    function ring_after_insert()	trigger v definer search_path=pg_catalog, pg_temp ca232326a6cc22c1cae0ddbddfefda49
    function send_again(ids uuid[])	SETOF uuid v definer search_path=pg_catalog, pg_temp 7cb38e08af403da235e46cf29cc83f80
    function signer_public_key(transaction_id uuid)	text s definer search_path=pg_catalog, pg_temp,plan_cache_mode=force_generic_plan,enable_seqscan=off,jit=off b73a93a5867fbb16a55af8a20fabcd37
    function stage_figure(stage text, moment timestamp with time zone, OUT waiting bigint, OUT estimated boolean, OUT oldest timestamp with time zone)	record v search_path=pg_catalog, pg_temp fa2e204d5d1c914386ceabc950e7b1e3
    function stage_number(stage text)	integer i search_path=pg_catalog, pg_temp 48ec2b54a59dd33eb2f807d90a2f6c20
    function stage_oldest(stage text, moment timestamp with time zone)	timestamp with time zone v search_path=pg_catalog, pg_temp,plan_cache_mode=force_generic_plan,enable_seqscan=off,jit=off 54f2a3156156a6363b847cb08134a69f
    function stage_source(stage text, OUT source regclass, OUT condition text, OUT key text, OUT age text)	record s search_path=pg_catalog, pg_temp 44f1f5e310447d9aec876a741ecf42d3
    function take_submission()	trigger v definer search_path=pg_catalog, pg_temp,plan_cache_mode=force_generic_plan 329f60b9fa877e89f3bd27c3050a81db
    function take_traceparent()	trigger v definer search_path=pg_catalog, pg_temp 38e015d0c77ffe1ebdc5141a982655fa
    function tell_apps(app_ids integer[], ids uuid[], statuses text[])	void v search_path=pg_catalog, pg_temp 9cbdc9eb5a9a250ccb9482c8e48dfc2f
    function tell_portals(portal_ids integer[], ids uuid[], statuses text[])	void v search_path=pg_catalog, pg_temp 5c8756929c7297bb870208a6fd836a74
    function uuid_floor(moment timestamp with time zone)	uuid i search_path=pg_catalog, pg_temp c4891aea79be2c68be3949d83d84a9ba
    function uuid_time(id uuid)	timestamp with time zone i search_path=pg_catalog, pg_temp 40e6c97ee1c1255f408a65fe95458a37
    function uuid_v7()	uuid v search_path=pg_catalog, pg_temp d78d7e6154c0ed62f48c9cb186fdddbf
    function wait_until(timeout interval)	timestamp with time zone v search_path=pg_catalog, pg_temp 1627c2dd5b3a457d70acab5b1f63fbe0
    function walked_figure(stage text, moment timestamp with time zone, OUT waiting bigint, OUT estimated boolean, OUT oldest timestamp with time zone)	record v search_path=pg_catalog, pg_temp b63752d4a6eb33990aad7c1ca83fd88a
    grant app_channel() to countersign_app	EXECUTE
    grant app_channel() to countersign_gateway	EXECUTE
    grant apps to countersign_admin	DELETE,INSERT,SELECT
    grant apps to countersign_worker	SELECT
    grant apps.app_id to countersign_admin	SELECT
    grant apps.app_id to countersign_monitor	SELECT
    grant apps.created_at to countersign_admin	SELECT
    grant apps.created_at to countersign_monitor	SELECT
    grant apps.enabled to countersign_admin	SELECT,UPDATE
    grant apps.enabled to countersign_monitor	SELECT
    grant apps.login to countersign_admin	SELECT
    grant apps.login to countersign_monitor	SELECT
    grant apps.name to countersign_admin	SELECT
    grant apps.name to countersign_monitor	SELECT
    grant arm_bell(stage text) to countersign_worker	EXECUTE
    grant auth_requests to countersign_worker	INSERT,SELECT,UPDATE
    grant auth_requests.app_id to countersign_admin	SELECT
    grant auth_requests.app_id to countersign_monitor	SELECT
    grant auth_requests.auth_type to countersign_admin	SELECT
    grant auth_requests.auth_type to countersign_gateway	INSERT,SELECT
    grant auth_requests.auth_type to countersign_monitor	SELECT
    grant auth_requests.auth_type to countersign_portal	INSERT,SELECT
    grant auth_requests.callback_uri to countersign_admin	SELECT
    grant auth_requests.callback_uri to countersign_gateway	INSERT,SELECT
    grant auth_requests.callback_uri to countersign_monitor	SELECT
    grant auth_requests.callback_uri to countersign_portal	INSERT,SELECT
    grant auth_requests.device_id to countersign_admin	SELECT
    grant auth_requests.enrollment_id to countersign_admin	SELECT
    grant auth_requests.enrollment_id to countersign_monitor	SELECT
    grant auth_requests.expires_at to countersign_admin	SELECT
    grant auth_requests.expires_at to countersign_gateway	SELECT
    grant auth_requests.expires_at to countersign_monitor	SELECT
    grant auth_requests.expires_at to countersign_portal	SELECT
    grant auth_requests.ip_address to countersign_gateway	INSERT
    grant auth_requests.ip_address to countersign_portal	INSERT
    grant auth_requests.issued_at to countersign_admin	SELECT
    grant auth_requests.issued_at to countersign_monitor	SELECT
    grant auth_requests.language_code to countersign_admin	SELECT
    grant auth_requests.language_code to countersign_gateway	INSERT,SELECT
    grant auth_requests.language_code to countersign_monitor	SELECT
    grant auth_requests.language_code to countersign_portal	INSERT,SELECT
    grant auth_requests.message to countersign_admin	SELECT
    grant auth_requests.message to countersign_gateway	INSERT,SELECT
    grant auth_requests.message to countersign_monitor	SELECT
    grant auth_requests.message to countersign_portal	INSERT,SELECT
    grant auth_requests.method to countersign_admin	SELECT
    grant auth_requests.method to countersign_monitor	SELECT
    grant auth_requests.open_until to countersign_admin	SELECT
    grant auth_requests.open_until to countersign_monitor	SELECT
    grant auth_requests.portal_id to countersign_admin	SELECT
    grant auth_requests.portal_id to countersign_monitor	SELECT
    grant auth_requests.reference to countersign_gateway	INSERT,SELECT
    grant auth_requests.reference to countersign_portal	INSERT,SELECT
    grant auth_requests.requested_at to countersign_admin	SELECT
    grant auth_requests.requested_at to countersign_gateway	SELECT
    grant auth_requests.requested_at to countersign_monitor	SELECT
    grant auth_requests.requested_at to countersign_portal	SELECT
    grant auth_requests.resolved_at to countersign_admin	SELECT
    grant auth_requests.resolved_at to countersign_monitor	SELECT
    grant auth_requests.scanned_at to countersign_admin	SELECT
    grant auth_requests.scanned_at to countersign_monitor	SELECT
    grant auth_requests.secure_message to countersign_gateway	INSERT
    grant auth_requests.secure_message to countersign_portal	INSERT
    grant auth_requests.signature_verified to countersign_admin	SELECT
    grant auth_requests.signature_verified to countersign_monitor	SELECT
    grant auth_requests.signer_fingerprint to countersign_admin	SELECT
    grant auth_requests.signer_fingerprint to countersign_monitor	SELECT
    grant auth_requests.status to countersign_admin	SELECT
    grant auth_requests.status to countersign_gateway	SELECT
    grant auth_requests.status to countersign_monitor	SELECT
    grant auth_requests.status to countersign_portal	SELECT
    grant auth_requests.traceparent to countersign_gateway	INSERT
    grant auth_requests.traceparent to countersign_portal	INSERT
    grant auth_requests.transaction_id to countersign_admin	SELECT
    grant auth_requests.transaction_id to countersign_gateway	SELECT
    grant auth_requests.transaction_id to countersign_monitor	SELECT
    grant auth_requests.transaction_id to countersign_portal	SELECT
    grant auth_requests.user_agent to countersign_gateway	INSERT
    grant auth_requests.user_agent to countersign_portal	INSERT
    grant auth_requests.user_id to countersign_admin	SELECT
    grant auth_results to countersign_gateway	SELECT
    grant auth_results to countersign_portal	SELECT
    grant auth_type_messages to countersign_admin	DELETE,INSERT,SELECT,UPDATE
    grant auth_type_messages to countersign_monitor	SELECT
    grant auth_type_messages to countersign_worker	SELECT
    grant auth_types to countersign_admin	DELETE,INSERT,SELECT,UPDATE
    grant auth_types to countersign_monitor	SELECT
    grant auth_types to countersign_worker	SELECT
    grant await_otp(transaction_id uuid, timeout interval) to countersign_gateway	EXECUTE
    grant await_otp(transaction_id uuid, timeout interval) to countersign_portal	EXECUTE
    grant await_submission(submission_id uuid, timeout interval) to countersign_app	EXECUTE
    grant await_submission(submission_id uuid, timeout interval) to countersign_gateway	EXECUTE
    grant callback_urls to countersign_admin	DELETE,INSERT,SELECT,UPDATE
    grant callback_urls to countersign_worker	SELECT
    grant callback_urls.callback_id to countersign_admin	SELECT
    grant callback_urls.callback_id to countersign_monitor	SELECT
    grant callback_urls.portal_id to countersign_admin	SELECT
    grant callback_urls.portal_id to countersign_monitor	SELECT
    grant callback_urls.url to countersign_admin	SELECT
    grant callback_urls.url to countersign_monitor	SELECT
    grant callback_urls_callback_id_seq to countersign_admin	USAGE
    grant cancel_request(transaction_id uuid) to countersign_gateway	EXECUTE
    grant cancel_request(transaction_id uuid) to countersign_portal	EXECUTE
    grant check_text(column_name text, value text, longest integer) to countersign_admin	EXECUTE
    grant collect_otp(transaction_id uuid) to countersign_gateway	EXECUTE
    grant collect_otp(transaction_id uuid) to countersign_portal	EXECUTE
    grant create_login(login text, group_role text, verifier text) to countersign_admin	EXECUTE
    grant create_partition(table_name text, day date) to countersign_worker	EXECUTE
    grant current_app() to countersign_app	EXECUTE
    grant current_app() to countersign_gateway	EXECUTE
    grant current_portal() to countersign_gateway	EXECUTE
    grant current_portal() to countersign_portal	EXECUTE
    grant dead_deliveries to countersign_admin	SELECT
    grant dead_deliveries to countersign_monitor	SELECT
    grant dead_deliveries to countersign_worker	DELETE,INSERT,SELECT,UPDATE
    grant dispatch_queue to countersign_admin	SELECT
    grant dispatch_queue to countersign_monitor	SELECT
    grant dispatch_queue to countersign_worker	DELETE,INSERT,SELECT,UPDATE
    grant drop_partition(partition_name text) to countersign_worker	EXECUTE
    grant enabled_types(user_id text, device_id text) to countersign_gateway	EXECUTE
    grant end_requests(ids uuid[], ends text[], enrollment_ids uuid[], submission_ids uuid[], verified boolean[], fingerprints text[]) to countersign_worker	EXECUTE
    grant enrollment_results to countersign_app	SELECT
    grant enrollment_results to countersign_gateway	SELECT
    grant enrollments to countersign_worker	SELECT,UPDATE
    grant enrollments.activated_at to countersign_admin	SELECT
    grant enrollments.activated_at to countersign_monitor	SELECT
    grant enrollments.app_id to countersign_admin	SELECT
    grant enrollments.app_id to countersign_monitor	SELECT
    grant enrollments.created_at to countersign_admin	SELECT
    grant enrollments.created_at to countersign_app	SELECT
    grant enrollments.created_at to countersign_gateway	SELECT
    grant enrollments.created_at to countersign_monitor	SELECT
    grant enrollments.device_id to countersign_admin	SELECT
    grant enrollments.device_id to countersign_app	INSERT
    grant enrollments.device_id to countersign_gateway	INSERT
    grant enrollments.device_name to countersign_admin	SELECT
    grant enrollments.device_name to countersign_app	INSERT
    grant enrollments.device_name to countersign_gateway	INSERT
    grant enrollments.enrollment_id to countersign_admin	SELECT
    grant enrollments.enrollment_id to countersign_app	SELECT
    grant enrollments.enrollment_id to countersign_gateway	SELECT
    grant enrollments.enrollment_id to countersign_monitor	SELECT
    grant enrollments.key_fingerprint to countersign_admin	SELECT
    grant enrollments.locked_until to countersign_admin	SELECT
    grant enrollments.locked_until to countersign_monitor	SELECT
    grant enrollments.platform to countersign_admin	SELECT
    grant enrollments.platform to countersign_app	INSERT
    grant enrollments.platform to countersign_gateway	INSERT
    grant enrollments.platform to countersign_monitor	SELECT
    grant enrollments.public_key to countersign_app	INSERT
    grant enrollments.public_key to countersign_gateway	INSERT
    grant enrollments.reason to countersign_admin	SELECT
    grant enrollments.reason to countersign_monitor	SELECT
    grant enrollments.revoked_at to countersign_admin	SELECT
    grant enrollments.revoked_at to countersign_monitor	SELECT
    grant enrollments.server_key_id to countersign_admin	SELECT
    grant enrollments.status to countersign_admin	SELECT
    grant enrollments.status to countersign_app	SELECT
    grant enrollments.status to countersign_gateway	SELECT
    grant enrollments.status to countersign_monitor	SELECT
    grant enrollments.user_id to countersign_admin	SELECT
    grant enrollments.user_id to countersign_app	INSERT
    grant enrollments.user_id to countersign_gateway	INSERT
    grant events to countersign_admin	INSERT,SELECT
    grant events to countersign_worker	INSERT,SELECT
    grant events.app_id to countersign_admin	SELECT
    grant events.app_id to countersign_monitor	SELECT
    grant events.enrollment_id to countersign_admin	SELECT
    grant events.enrollment_id to countersign_monitor	SELECT
    grant events.event_id to countersign_admin	SELECT
    grant events.event_id to countersign_monitor	SELECT
    grant events.occurred_at to countersign_admin	SELECT
    grant events.occurred_at to countersign_monitor	SELECT
    grant events.portal_id to countersign_admin	SELECT
    grant events.portal_id to countersign_monitor	SELECT
    grant events.transaction_id to countersign_admin	SELECT
    grant events.transaction_id to countersign_monitor	SELECT
    grant events.type to countersign_admin	SELECT
    grant events.type to countersign_monitor	SELECT
    grant is_callback_uri(uri text) to countersign_admin	EXECUTE
    grant issue_queue to countersign_admin	SELECT
    grant issue_queue to countersign_monitor	SELECT
    grant issue_queue to countersign_worker	DELETE,INSERT,SELECT,UPDATE
    grant log_levels to countersign_admin	DELETE,INSERT,SELECT,UPDATE
    grant log_levels to countersign_gateway	SELECT
    grant log_levels to countersign_monitor	SELECT
    grant log_levels to countersign_worker	SELECT
    grant measure_queues() to countersign_worker	EXECUTE
    grant missing_partitions(days_ahead integer) to countersign_admin	EXECUTE
    grant missing_partitions(days_ahead integer) to countersign_monitor	EXECUTE
    grant missing_partitions(days_ahead integer) to countersign_worker	EXECUTE
    grant operating_figures() to countersign_admin	EXECUTE
    grant operating_figures() to countersign_gateway	EXECUTE
    grant operating_figures() to countersign_monitor	EXECUTE
    grant operating_figures() to countersign_worker	EXECUTE
    grant operator_sessions to countersign_admin	DELETE,INSERT,SELECT,UPDATE
    grant operators to countersign_admin	DELETE,INSERT,SELECT,UPDATE
    grant otp_secrets to countersign_worker	DELETE,INSERT,SELECT,UPDATE
    grant outlived_partitions() to countersign_worker	EXECUTE
    grant own_enrollments(user_id text) to countersign_gateway	EXECUTE
    grant partitioned_tables to countersign_admin	SELECT
    grant partitioned_tables to countersign_monitor	SELECT
    grant partitioned_tables to countersign_worker	SELECT
    grant portal_channel() to countersign_gateway	EXECUTE
    grant portal_channel() to countersign_portal	EXECUTE
    grant portal_credential(client_id text) to countersign_gateway	EXECUTE
    grant portal_credentials to countersign_admin	DELETE,INSERT
    grant portal_credentials.client_id to countersign_admin	SELECT
    grant portal_credentials.created_at to countersign_admin	SELECT
    grant portal_credentials.portal_id to countersign_admin	SELECT
    grant portal_credentials.secret_hash to countersign_admin	UPDATE
    grant portals to countersign_admin	DELETE,INSERT,SELECT
    grant portals to countersign_worker	SELECT
    grant portals.created_at to countersign_admin	SELECT
    grant portals.created_at to countersign_monitor	SELECT
    grant portals.display_name to countersign_admin	SELECT,UPDATE
    grant portals.display_name to countersign_monitor	SELECT
    grant portals.enabled to countersign_admin	SELECT,UPDATE
    grant portals.enabled to countersign_monitor	SELECT
    grant portals.login to countersign_admin	SELECT
    grant portals.login to countersign_monitor	SELECT
    grant portals.max_open_requests to countersign_admin	SELECT,UPDATE
    grant portals.max_open_requests to countersign_monitor	SELECT
    grant portals.name to countersign_admin	SELECT
    grant portals.name to countersign_monitor	SELECT
    grant portals.over_limit to countersign_admin	SELECT
    grant portals.over_limit to countersign_monitor	SELECT
    grant portals.over_limit to countersign_worker	UPDATE
    grant portals.paused to countersign_admin	UPDATE
    grant portals.paused to countersign_monitor	SELECT
    grant portals.portal_id to countersign_admin	SELECT
    grant portals.portal_id to countersign_monitor	SELECT
    grant portals.previous_secret to countersign_admin	UPDATE
    grant portals.previous_secret_until to countersign_admin	UPDATE
    grant portals.signing_secret to countersign_admin	UPDATE
    grant portals.webhook_concurrency to countersign_admin	UPDATE
    grant portals.webhook_concurrency to countersign_monitor	SELECT
    grant portals.webhook_key to countersign_admin	UPDATE
    grant portals.webhook_rate to countersign_admin	UPDATE
    grant portals.webhook_rate to countersign_monitor	SELECT
    grant portals_portal_id_seq to countersign_admin	USAGE
    grant queue_history to countersign_admin	SELECT
    grant queue_history to countersign_monitor	SELECT
    grant queue_status() to countersign_admin	EXECUTE
    grant queue_status() to countersign_gateway	EXECUTE
    grant queue_status() to countersign_monitor	EXECUTE
    grant queue_status() to countersign_worker	EXECUTE
    grant random_channel() to countersign_admin	EXECUTE
    grant record_history() to countersign_worker	EXECUTE
    grant refuse(code text, message text) to countersign_admin	EXECUTE
    grant refuse(code text, message text) to countersign_worker	EXECUTE
    grant repeated_submission(enrollment_id uuid, transaction_id uuid, secret_digest bytea, action text, signature text) to countersign_gateway	EXECUTE
    grant revoke_enrollment(enrollment_id uuid) to countersign_admin	EXECUTE
    grant revoke_enrollment(enrollment_id uuid) to countersign_gateway	EXECUTE
    grant revoke_own_enrollment(enrollment_id uuid, user_id text) to countersign_gateway	EXECUTE
    grant ring(stage text) to countersign_worker	EXECUTE
    grant schema to countersign_admin	USAGE
    grant schema to countersign_app	USAGE
    grant schema to countersign_gateway	USAGE
    grant schema to countersign_monitor	USAGE
    grant schema to countersign_portal	USAGE
    grant schema to countersign_worker	USAGE
    grant schema_migrations to countersign_admin	SELECT
    grant schema_migrations to countersign_gateway	SELECT
    grant schema_migrations to countersign_monitor	SELECT
    grant schema_migrations to countersign_worker	SELECT
    grant send_again(ids uuid[]) to countersign_admin	EXECUTE
    grant server_keys to countersign_admin	SELECT
    grant server_keys to countersign_worker	INSERT,SELECT
    grant server_keys.retired_at to countersign_admin	UPDATE
    grant server_keys.secret_key to countersign_admin	UPDATE
    grant server_keys.secret_key to countersign_worker	UPDATE
    grant settings to countersign_admin	SELECT,UPDATE
    grant settings to countersign_monitor	SELECT
    grant settings to countersign_worker	SELECT
    grant signer_public_key(transaction_id uuid) to countersign_gateway	EXECUTE
    grant stage_controls to countersign_admin	SELECT
    grant stage_controls to countersign_monitor	SELECT
    grant stage_controls to countersign_worker	SELECT
    grant stage_controls.batch_size to countersign_admin	UPDATE
    grant stage_controls.paused to countersign_admin	UPDATE
    grant stage_controls.updated_at to countersign_admin	UPDATE
    grant stage_number(stage text) to countersign_admin	EXECUTE
    grant stage_number(stage text) to countersign_monitor	EXECUTE
    grant stage_number(stage text) to countersign_worker	EXECUTE
    grant submission_results to countersign_app	SELECT
    grant submission_results to countersign_gateway	SELECT
    grant submissions to countersign_worker	INSERT,SELECT,UPDATE
    grant submissions.action to countersign_admin	SELECT
    grant submissions.action to countersign_app	INSERT,SELECT
    grant submissions.action to countersign_gateway	INSERT,SELECT
    grant submissions.action to countersign_monitor	SELECT
    grant submissions.app_id to countersign_admin	SELECT
    grant submissions.app_id to countersign_monitor	SELECT
    grant submissions.enrollment to countersign_admin	SELECT
    grant submissions.enrollment to countersign_monitor	SELECT
    grant submissions.enrollment_id to countersign_app	INSERT
    grant submissions.enrollment_id to countersign_gateway	INSERT
    grant submissions.otp to countersign_app	INSERT
    grant submissions.otp to countersign_gateway	INSERT
    grant submissions.prompt_digest to countersign_app	INSERT
    grant submissions.prompt_digest to countersign_gateway	INSERT
    grant submissions.reason to countersign_admin	SELECT
    grant submissions.reason to countersign_app	SELECT
    grant submissions.reason to countersign_gateway	SELECT
    grant submissions.reason to countersign_monitor	SELECT
    grant submissions.resolved_at to countersign_admin	SELECT
    grant submissions.resolved_at to countersign_monitor	SELECT
    grant submissions.signature to countersign_app	INSERT
    grant submissions.signature to countersign_gateway	INSERT
    grant submissions.signed_at to countersign_app	INSERT
    grant submissions.signed_at to countersign_gateway	INSERT
    grant submissions.status to countersign_admin	SELECT
    grant submissions.status to countersign_app	SELECT
    grant submissions.status to countersign_gateway	SELECT
    grant submissions.status to countersign_monitor	SELECT
    grant submissions.submission_id to countersign_admin	SELECT
    grant submissions.submission_id to countersign_app	SELECT
    grant submissions.submission_id to countersign_gateway	SELECT
    grant submissions.submission_id to countersign_monitor	SELECT
    grant submissions.submitted_at to countersign_admin	SELECT
    grant submissions.submitted_at to countersign_app	SELECT
    grant submissions.submitted_at to countersign_gateway	SELECT
    grant submissions.submitted_at to countersign_monitor	SELECT
    grant submissions.transaction_id to countersign_admin	SELECT
    grant submissions.transaction_id to countersign_monitor	SELECT
    grant tell_apps(app_ids integer[], ids uuid[], statuses text[]) to countersign_worker	EXECUTE
    grant tell_portals(portal_ids integer[], ids uuid[], statuses text[]) to countersign_worker	EXECUTE
    grant uuid_floor(moment timestamp with time zone) to countersign_admin	EXECUTE
    grant uuid_floor(moment timestamp with time zone) to countersign_monitor	EXECUTE
    grant uuid_floor(moment timestamp with time zone) to countersign_worker	EXECUTE
    grant uuid_time(id uuid) to countersign_admin	EXECUTE
    grant uuid_time(id uuid) to countersign_monitor	EXECUTE
    grant uuid_time(id uuid) to countersign_worker	EXECUTE
    grant uuid_v7() to countersign_admin	EXECUTE
    grant uuid_v7() to countersign_app	EXECUTE
    grant uuid_v7() to countersign_gateway	EXECUTE
    grant uuid_v7() to countersign_portal	EXECUTE
    grant uuid_v7() to countersign_worker	EXECUTE
    grant validate_queue to countersign_admin	SELECT
    grant validate_queue to countersign_monitor	SELECT
    grant validate_queue to countersign_worker	DELETE,INSERT,SELECT,UPDATE
    grant webhook_attempts to countersign_worker	INSERT,SELECT,UPDATE
    grant webhook_attempts.attempt to countersign_admin	SELECT
    grant webhook_attempts.attempt to countersign_monitor	SELECT
    grant webhook_attempts.body to countersign_admin	SELECT
    grant webhook_attempts.detail to countersign_admin	SELECT
    grant webhook_attempts.detail to countersign_monitor	SELECT
    grant webhook_attempts.duration_ms to countersign_admin	SELECT
    grant webhook_attempts.duration_ms to countersign_monitor	SELECT
    grant webhook_attempts.error_class to countersign_admin	SELECT
    grant webhook_attempts.error_class to countersign_monitor	SELECT
    grant webhook_attempts.started_at to countersign_admin	SELECT
    grant webhook_attempts.started_at to countersign_monitor	SELECT
    grant webhook_attempts.status_code to countersign_admin	SELECT
    grant webhook_attempts.status_code to countersign_monitor	SELECT
    grant webhook_attempts.transaction_id to countersign_admin	SELECT
    grant webhook_attempts.transaction_id to countersign_monitor	SELECT
    grant webhook_deliveries to countersign_admin	SELECT
    grant webhook_deliveries to countersign_monitor	SELECT
    grant webhook_deliveries to countersign_worker	INSERT,SELECT,UPDATE
    grant webhook_endpoint_counts to countersign_worker	DELETE,INSERT,SELECT,UPDATE
    grant webhook_endpoints to countersign_admin	SELECT
    grant webhook_endpoints to countersign_monitor	SELECT
    grant webhook_endpoints to countersign_worker	DELETE,INSERT,SELECT,UPDATE
    grant worker_stages to countersign_admin	SELECT
    grant worker_stages to countersign_monitor	SELECT
    grant worker_stages to countersign_worker	DELETE,INSERT,SELECT,UPDATE
    grant workers to countersign_admin	SELECT
    grant workers to countersign_monitor	SELECT
    grant workers to countersign_worker	DELETE,INSERT,SELECT
    grant workers.drain_requested to countersign_admin	UPDATE
    grant workers.draining to countersign_worker	UPDATE
    grant workers.heartbeat_at to countersign_worker	UPDATE
    index countersign.apps_login_once	CREATE UNIQUE INDEX apps_login_once ON countersign.apps USING btree (login)
    index countersign.apps_name_once	CREATE UNIQUE INDEX apps_name_once ON countersign.apps USING btree (name)
    index countersign.apps_pkey	CREATE UNIQUE INDEX apps_pkey ON countersign.apps USING btree (app_id)
    index countersign.auth_requests_default_open_scan_by_idx	CREATE INDEX auth_requests_default_open_scan_by_idx ON countersign.auth_requests_default USING btree (open_scan_by) WHERE (open_scan_by IS NOT NULL)
    index countersign.auth_requests_default_open_until_idx	CREATE INDEX auth_requests_default_open_until_idx ON countersign.auth_requests_default USING btree (open_until) WHERE (open_until IS NOT NULL)
    index countersign.auth_requests_default_pkey	CREATE UNIQUE INDEX auth_requests_default_pkey ON countersign.auth_requests_default USING btree (transaction_id)
    index countersign.auth_requests_open_scan	CREATE INDEX auth_requests_open_scan ON ONLY countersign.auth_requests USING btree (open_scan_by) WHERE (open_scan_by IS NOT NULL)
    index countersign.auth_requests_open_until	CREATE INDEX auth_requests_open_until ON ONLY countersign.auth_requests USING btree (open_until) WHERE (open_until IS NOT NULL)
    index countersign.auth_requests_pkey	CREATE UNIQUE INDEX auth_requests_pkey ON ONLY countersign.auth_requests USING btree (transaction_id)
    index countersign.auth_type_messages_pkey	CREATE UNIQUE INDEX auth_type_messages_pkey ON countersign.auth_type_messages USING btree (auth_type, language_code)
    index countersign.auth_types_pkey	CREATE UNIQUE INDEX auth_types_pkey ON countersign.auth_types USING btree (name)
    index countersign.callback_urls_once	CREATE UNIQUE INDEX callback_urls_once ON countersign.callback_urls USING btree (portal_id, url)
    index countersign.callback_urls_pkey	CREATE UNIQUE INDEX callback_urls_pkey ON countersign.callback_urls USING btree (callback_id)
    index countersign.dead_deliveries_pkey	CREATE UNIQUE INDEX dead_deliveries_pkey ON countersign.dead_deliveries USING btree (transaction_id)
    index countersign.dead_deliveries_portal	CREATE INDEX dead_deliveries_portal ON countersign.dead_deliveries USING btree (portal_id, died_at)
    index countersign.dispatch_queue_endpoint	CREATE INDEX dispatch_queue_endpoint ON countersign.dispatch_queue USING btree (portal_id, origin, due_at, transaction_id)
    index countersign.dispatch_queue_pkey	CREATE UNIQUE INDEX dispatch_queue_pkey ON countersign.dispatch_queue USING btree (transaction_id)
    index countersign.enrollments_active	CREATE UNIQUE INDEX enrollments_active ON countersign.enrollments USING btree (app_id, user_id, device_id) WHERE (status = 'active'::text)
    index countersign.enrollments_pending	CREATE INDEX enrollments_pending ON countersign.enrollments USING btree (app_id, enrollment_id) WHERE (status = 'pending'::text)
    index countersign.enrollments_pkey	CREATE UNIQUE INDEX enrollments_pkey ON countersign.enrollments USING btree (enrollment_id)
    index countersign.enrollments_user	CREATE INDEX enrollments_user ON countersign.enrollments USING btree (app_id, user_id, enrollment_id)
    index countersign.events_default_pkey	CREATE UNIQUE INDEX events_default_pkey ON countersign.events_default USING btree (event_id)
    index countersign.events_default_transaction_id_idx	CREATE INDEX events_default_transaction_id_idx ON countersign.events_default USING btree (transaction_id) WHERE (transaction_id IS NOT NULL)
    index countersign.events_default_user_id_event_id_idx	CREATE INDEX events_default_user_id_event_id_idx ON countersign.events_default USING btree (user_id, event_id) WHERE (user_id IS NOT NULL)
    index countersign.events_pkey	CREATE UNIQUE INDEX events_pkey ON ONLY countersign.events USING btree (event_id)
    index countersign.events_transaction	CREATE INDEX events_transaction ON ONLY countersign.events USING btree (transaction_id) WHERE (transaction_id IS NOT NULL)
    index countersign.events_user	CREATE INDEX events_user ON ONLY countersign.events USING btree (user_id, event_id) WHERE (user_id IS NOT NULL)
    index countersign.issue_queue_broken	CREATE INDEX issue_queue_broken ON countersign.issue_queue USING btree (transaction_id) WHERE (attempts > 0)
    index countersign.issue_queue_pkey	CREATE UNIQUE INDEX issue_queue_pkey ON countersign.issue_queue USING btree (portal_id, transaction_id)
    index countersign.log_levels_pkey	CREATE UNIQUE INDEX log_levels_pkey ON countersign.log_levels USING btree (module)
    index countersign.operator_sessions_pkey	CREATE UNIQUE INDEX operator_sessions_pkey ON countersign.operator_sessions USING btree (token_digest)
    index countersign.operators_pkey	CREATE UNIQUE INDEX operators_pkey ON countersign.operators USING btree (name)
    index countersign.otp_secrets_pkey	CREATE UNIQUE INDEX otp_secrets_pkey ON countersign.otp_secrets USING btree (transaction_id)
    index countersign.partitioned_tables_pkey	CREATE UNIQUE INDEX partitioned_tables_pkey ON countersign.partitioned_tables USING btree (table_name)
    index countersign.portal_credentials_pkey	CREATE UNIQUE INDEX portal_credentials_pkey ON countersign.portal_credentials USING btree (client_id)
    index countersign.portals_login_once	CREATE UNIQUE INDEX portals_login_once ON countersign.portals USING btree (login)
    index countersign.portals_name_once	CREATE UNIQUE INDEX portals_name_once ON countersign.portals USING btree (name)
    index countersign.portals_pkey	CREATE UNIQUE INDEX portals_pkey ON countersign.portals USING btree (portal_id)
    index countersign.queue_figures_pkey	CREATE UNIQUE INDEX queue_figures_pkey ON countersign.queue_figures USING btree (stage)
    index countersign.queue_history_pkey	CREATE UNIQUE INDEX queue_history_pkey ON countersign.queue_history USING btree (stage, minute)
    index countersign.schema_current_pkey	CREATE UNIQUE INDEX schema_current_pkey ON countersign.schema_current USING btree (name)
    index countersign.schema_migrations_pkey	CREATE UNIQUE INDEX schema_migrations_pkey ON countersign.schema_migrations USING btree (version)
    index countersign.server_keys_current	CREATE UNIQUE INDEX server_keys_current ON countersign.server_keys USING btree ((true)) WHERE (shared AND (retired_at IS NULL))
    index countersign.server_keys_pkey	CREATE UNIQUE INDEX server_keys_pkey ON countersign.server_keys USING btree (server_key_id)
    index countersign.server_keys_sealed	CREATE INDEX server_keys_sealed ON countersign.server_keys USING btree (SUBSTRING(secret_key FROM 1 FOR 5), server_key_id) WHERE (secret_key IS NOT NULL)
    index countersign.settings_pkey	CREATE UNIQUE INDEX settings_pkey ON countersign.settings USING btree (only_row)
    index countersign.stage_controls_pkey	CREATE UNIQUE INDEX stage_controls_pkey ON countersign.stage_controls USING btree (stage)
    index countersign.submissions_default_pkey	CREATE UNIQUE INDEX submissions_default_pkey ON countersign.submissions_default USING btree (submission_id)
    index countersign.submissions_pkey	CREATE UNIQUE INDEX submissions_pkey ON ONLY countersign.submissions USING btree (submission_id)
    index countersign.validate_queue_broken	CREATE INDEX validate_queue_broken ON countersign.validate_queue USING btree (submission_id) WHERE (attempts > 0)
    index countersign.validate_queue_pkey	CREATE UNIQUE INDEX validate_queue_pkey ON countersign.validate_queue USING btree (app_id, submission_id)
    index countersign.webhook_attempts_default_pkey	CREATE UNIQUE INDEX webhook_attempts_default_pkey ON countersign.webhook_attempts_default USING btree (transaction_id, attempt)
    index countersign.webhook_attempts_pkey	CREATE UNIQUE INDEX webhook_attempts_pkey ON ONLY countersign.webhook_attempts USING btree (transaction_id, attempt)
    index countersign.webhook_deliveries_default_pkey	CREATE UNIQUE INDEX webhook_deliveries_default_pkey ON countersign.webhook_deliveries_default USING btree (transaction_id)
    index countersign.webhook_deliveries_pkey	CREATE UNIQUE INDEX webhook_deliveries_pkey ON ONLY countersign.webhook_deliveries USING btree (transaction_id)
    index countersign.webhook_endpoint_counts_pkey	CREATE UNIQUE INDEX webhook_endpoint_counts_pkey ON countersign.webhook_endpoint_counts USING btree (portal_id, origin, slot, worker_id)
    index countersign.webhook_endpoints_pkey	CREATE UNIQUE INDEX webhook_endpoints_pkey ON countersign.webhook_endpoints USING btree (portal_id, origin)
    index countersign.worker_stages_pkey	CREATE UNIQUE INDEX worker_stages_pkey ON countersign.worker_stages USING btree (worker_id, stage)
    index countersign.workers_pkey	CREATE UNIQUE INDEX workers_pkey ON countersign.workers USING btree (worker_id)
    policy auth_requests.operators_read	r countersign_admin,countersign_monitor true
    policy auth_requests.portal_inserts	a countersign_gateway,countersign_portal (portal_id = ( SELECT countersign.current_portal() AS current_portal))
    policy auth_requests.portal_reads	r countersign_gateway,countersign_portal (portal_id = ( SELECT countersign.current_portal() AS current_portal))
    policy auth_requests.worker_all	* countersign_worker true true
    policy enrollments.app_inserts	a countersign_app,countersign_gateway (app_id = ( SELECT countersign.current_app() AS current_app))
    policy enrollments.app_reads	r countersign_app,countersign_gateway (app_id = ( SELECT countersign.current_app() AS current_app))
    policy enrollments.operators_read	r countersign_admin,countersign_monitor true
    policy enrollments.worker_all	* countersign_worker true true
    policy submissions.app_inserts	a countersign_app,countersign_gateway (app_id = ( SELECT countersign.current_app() AS current_app))
    policy submissions.app_reads	r countersign_app,countersign_gateway (app_id = ( SELECT countersign.current_app() AS current_app))
    policy submissions.operators_read	r countersign_admin,countersign_monitor true
    policy submissions.worker_all	* countersign_worker true true
    relation apps	r
    relation apps_app_id_seq	S
    relation auth_requests	p row security RANGE (transaction_id)
    relation auth_requests_default	r
    relation auth_results	v security_barrier=true
    relation auth_type_messages	r
    relation auth_types	r
    relation callback_urls	r
    relation callback_urls_callback_id_seq	S
    relation dead_deliveries	r
    relation dispatch_queue	r fillfactor=70,autovacuum_vacuum_scale_factor=0.01,autovacuum_vacuum_threshold=10000,autovacuum_vacuum_cost_delay=0
    relation enrollment_results	v security_barrier=true
    relation enrollments	r row security
    relation events	p RANGE (event_id)
    relation events_default	r
    relation issue_queue	r autovacuum_vacuum_scale_factor=0.01,autovacuum_vacuum_threshold=10000,autovacuum_vacuum_cost_delay=0
    relation log_levels	r
    relation operator_sessions	r
    relation operators	r
    relation otp_secrets	r autovacuum_vacuum_scale_factor=0.01,autovacuum_vacuum_threshold=10000,autovacuum_vacuum_cost_delay=0
    relation partitioned_tables	r
    relation portal_credentials	r
    relation portals	r
    relation portals_portal_id_seq	S
    relation queue_figures	r fillfactor=50
    relation queue_history	r
    relation schema_current	r
    relation schema_migrations	r
    relation server_keys	r toast_tuple_target=4080
    relation settings	r
    relation stage_controls	r
    relation submission_results	v security_barrier=true
    relation submissions	p row security RANGE (submission_id)
    relation submissions_default	r
    relation validate_queue	r autovacuum_vacuum_scale_factor=0.01,autovacuum_vacuum_threshold=10000,autovacuum_vacuum_cost_delay=0
    relation webhook_attempts	p RANGE (transaction_id)
    relation webhook_attempts_default	r
    relation webhook_deliveries	p RANGE (transaction_id)
    relation webhook_deliveries_default	r
    relation webhook_endpoint_counts	r fillfactor=50,autovacuum_vacuum_scale_factor=0.05,autovacuum_vacuum_threshold=1000
    relation webhook_endpoints	r fillfactor=50
    relation worker_stages	r fillfactor=50
    relation workers	r fillfactor=50
    trigger auth_requests.check_auth_request	CREATE TRIGGER check_auth_request BEFORE INSERT ON countersign.auth_requests FOR EACH ROW EXECUTE FUNCTION countersign.check_auth_request() O
    trigger auth_requests.ring_bell	CREATE TRIGGER ring_bell AFTER INSERT ON countersign.auth_requests FOR EACH STATEMENT EXECUTE FUNCTION countersign.ring_after_insert('2', 'issue') O
    trigger auth_requests.take_traceparent	CREATE TRIGGER take_traceparent BEFORE INSERT ON countersign.auth_requests FOR EACH ROW WHEN ((new.traceparent IS NOT NULL)) EXECUTE FUNCTION countersign.take_traceparent() O
    trigger auth_requests_default.check_auth_request	CREATE TRIGGER check_auth_request BEFORE INSERT ON countersign.auth_requests_default FOR EACH ROW EXECUTE FUNCTION countersign.check_auth_request() O
    trigger auth_requests_default.take_traceparent	CREATE TRIGGER take_traceparent BEFORE INSERT ON countersign.auth_requests_default FOR EACH ROW WHEN ((new.traceparent IS NOT NULL)) EXECUTE FUNCTION countersign.take_traceparent() O
    trigger enrollments.check_enrollment	CREATE TRIGGER check_enrollment BEFORE INSERT ON countersign.enrollments FOR EACH ROW EXECUTE FUNCTION countersign.check_enrollment() O
    trigger enrollments.ring_bell	CREATE TRIGGER ring_bell AFTER INSERT ON countersign.enrollments FOR EACH STATEMENT EXECUTE FUNCTION countersign.ring_after_insert('1', 'enroll') O
    trigger submissions.ring_bell	CREATE TRIGGER ring_bell AFTER INSERT ON countersign.submissions FOR EACH STATEMENT EXECUTE FUNCTION countersign.ring_after_insert('3', 'validate') O
    trigger submissions.take_submission	CREATE TRIGGER take_submission BEFORE INSERT ON countersign.submissions FOR EACH ROW EXECUTE FUNCTION countersign.take_submission() A
    trigger submissions_default.take_submission	CREATE TRIGGER take_submission BEFORE INSERT ON countersign.submissions_default FOR EACH ROW EXECUTE FUNCTION countersign.take_submission() A
    trigger webhook_deliveries.note_dead_delivery	CREATE TRIGGER note_dead_delivery AFTER UPDATE OF status ON countersign.webhook_deliveries FOR EACH ROW WHEN (((new.status = 'dead'::text) AND (old.status <> 'dead'::text))) EXECUTE FUNCTION countersign.note_dead_delivery() O
    trigger webhook_deliveries_default.note_dead_delivery	CREATE TRIGGER note_dead_delivery AFTER UPDATE OF status ON countersign.webhook_deliveries_default FOR EACH ROW WHEN (((new.status = 'dead'::text) AND (old.status <> 'dead'::text))) EXECUTE FUNCTION countersign.note_dead_delivery() O
    type request_status	text CHECK ((VALUE = ANY (ARRAY['requested'::text, 'issued'::text, 'scanned'::text, 'authenticated'::text, 'denied'::text, 'expired'::text, 'cancelled'::text, 'failed'::text])))
    view auth_results	c57bd7d8c24fb964f5140a38106b44f4
    view enrollment_results	e1284fcbf2e5e480285a4cf1649ca586
    view submission_results	72d66c4275580a4d8697e85cdb8d2524
    """#.split(separator: "\n").map(String.init)
