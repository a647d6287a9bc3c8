-- What configuration means to whoever monitors it, column by column: psql shows it by \d+.

COMMENT ON TABLE countersign.settings IS 'The switches of the whole installation, in one row.';
COMMENT ON COLUMN countersign.settings.only_row IS 'Always true: there is no second row.';
COMMENT ON COLUMN countersign.settings.mobile_authentication_enabled IS
    'Off, new requests are refused (CS001) and open ones expire.';
COMMENT ON COLUMN countersign.settings.enrollment_enabled IS
    'Off, new enrollments and requests are refused (CS007), waiting enrollments and submissions rejected.';
COMMENT ON COLUMN countersign.settings.unique_pgp_keys_per_enrollment IS
    'On, each enrollment gets a key pair of the server''s of its own; off, they share one.';
COMMENT ON COLUMN countersign.settings.signature_required IS
    'Off, apps vouch for their users themselves: submissions need no signature.';
COMMENT ON COLUMN countersign.settings.resume_after_restore IS
    'Off: after a restore workers and gateways wait for `countersign restored`.';
COMMENT ON COLUMN countersign.settings.evidence_kept_after_erasure IS
    'Off: what an erased user has signed goes, too.';
COMMENT ON COLUMN countersign.settings.callback_allowlist_enabled IS
    'On, a callback_uri must be one of the portal''s callback addresses (CS005).';
COMMENT ON COLUMN countersign.settings.updated_at IS 'When one was changed last.';

COMMENT ON TABLE countersign.portals IS 'The web sites that have visitors signed in.';
COMMENT ON COLUMN countersign.portals.portal_id IS 'Its key.';
COMMENT ON COLUMN countersign.portals.max_starts_per_source IS
    'How many requests one IPv4 address, or the first 56 bits of an IPv6 address, may have started within a minute: more are '
    'refused (CS008). NULL is no limit; requests without an ip_address are not limited.';
COMMENT ON COLUMN countersign.portals.max_open_requests IS
    'How many of its requests may be open; housekeep counts once a second.';
COMMENT ON COLUMN countersign.portals.created_at IS 'When it was added.';
COMMENT ON COLUMN countersign.portals.enabled IS 'Off, its requests are refused (CS008).';
COMMENT ON COLUMN countersign.portals.over_limit IS
    'Whether it had reached max_open_requests: new requests are refused (CS008).';
COMMENT ON COLUMN countersign.portals.login IS 'The role with which it connects.';
COMMENT ON COLUMN countersign.portals.name IS 'What operators call it.';
COMMENT ON COLUMN countersign.portals.display_name IS 'What users see on their phone.';
COMMENT ON COLUMN countersign.portals.webhook_concurrency IS 'How many deliveries to one endpoint may be on their way.';
COMMENT ON COLUMN countersign.portals.webhook_rate IS 'Deliveries a second to one endpoint; NULL is no limit.';
COMMENT ON COLUMN countersign.portals.notify_on IS
    'The ends of its requests whose webhooks are sent; the others are told by NOTIFY and in auth_results only.';
COMMENT ON COLUMN countersign.portals.paused IS 'On, its requests are accepted and wait; they still expire.';
COMMENT ON COLUMN countersign.portals.paused_at IS 'Since when it is paused.';
COMMENT ON COLUMN countersign.portals.paused_by IS 'Who has paused it: an account of the console, or else a login.';

COMMENT ON TABLE countersign.apps IS 'The back ends of mobile apps, which vouch for who their users are.';
COMMENT ON COLUMN countersign.apps.app_id IS 'Its key.';
COMMENT ON COLUMN countersign.apps.created_at IS 'When it was added.';
COMMENT ON COLUMN countersign.apps.enabled IS 'Off, its enrollments are refused (CS008) and its answers do not count.';
COMMENT ON COLUMN countersign.apps.login IS 'The role with which it connects.';
COMMENT ON COLUMN countersign.apps.name IS 'What operators call it.';
COMMENT ON COLUMN countersign.apps.max_devices_per_user IS
    'How many devices one user may have at a time, 10 unless an operator says otherwise (countersign app limit); one more is '
    'refused (CS008) until one is revoked. Enrolling a device again does not count.';

COMMENT ON COLUMN countersign.apps.max_enrollments_per_hour IS
    'How often one device of a user may be enrolled within an hour, 60 unless an operator says otherwise (countersign app limit).';
COMMENT ON COLUMN countersign.apps.enrollment_hold IS
    'How many seconds a user''s further device waits before it may answer, unless an older one confirms it; NULL is none.';
COMMENT ON COLUMN countersign.apps.max_waiting IS
    'How many of its submissions may wait to be judged, 10,000 unless an operator says otherwise (countersign app limit); further '
    'ones are rejected as too_many_waiting. housekeep counts once a second.';
COMMENT ON COLUMN countersign.apps.max_waiting_per_device IS
    'How many submissions of one enrollment may wait to be judged, 100 unless an operator says otherwise (countersign app limit).';
COMMENT ON COLUMN countersign.apps.max_malformed_per_user IS
    'How many submissions of one user may be malformed within ten minutes, 100 unless an operator says otherwise; until '
    'fewer are, all of that user are rejected as too_many_malformed.';
COMMENT ON COLUMN countersign.apps.over_limit IS
    'Whether it had reached max_waiting: new submissions are rejected as too_many_waiting.';

COMMENT ON TABLE countersign.auth_types IS 'Named settings for requests.';
COMMENT ON COLUMN countersign.auth_types.name IS 'What requests give as auth_type.';
COMMENT ON COLUMN countersign.auth_types.method IS 'How such requests are answered: otp, by a code.';
COMMENT ON COLUMN countersign.auth_types.request_expires_in IS 'How long such requests are open, in seconds.';
COMMENT ON COLUMN countersign.auth_types.confirm_code IS
    'Whether the visitor must type two digits that the phone shows: never, always, or with a browser that is new to the user.';
COMMENT ON COLUMN countersign.auth_types.code_rotation IS
    'For how many seconds a code is shown before the next one, 1 to 60; NULL when it stays the same.';
COMMENT ON COLUMN countersign.auth_types.redeem_once IS
    'Whether results are taken once, by redeem, instead of being read for 300 s.';
COMMENT ON COLUMN countersign.auth_types.scan_required IS
    'Whether nobody accepts without having scanned, and so having been given the prompt.';
COMMENT ON COLUMN countersign.auth_types.allow_qr IS 'Whether codes may be scanned.';
COMMENT ON COLUMN countersign.auth_types.allow_link IS
    'Whether the app may be opened by a link on the same device, of requests with a return_uri.';
COMMENT ON COLUMN countersign.auth_types.same_network IS
    'Whether the networks of the visitor and of the device are compared: off, tell, or refuse another one.';
COMMENT ON COLUMN countersign.auth_types.same_country IS
    'Whether the countries of both addresses are compared, by the file of places of the worker: off, tell, or refuse another one.';

COMMENT ON TABLE countersign.auth_type_messages IS 'Default messages of authentication types, by language.';
COMMENT ON COLUMN countersign.auth_type_messages.auth_type IS 'Name of the authentication type.';
COMMENT ON COLUMN countersign.auth_type_messages.language_code IS 'Lower-case language tag, such as en or nl-be.';
COMMENT ON COLUMN countersign.auth_type_messages.message IS 'What the user is asked, at most 155 characters.';
COMMENT ON COLUMN countersign.auth_type_messages.visitor_line IS
    'What the prompt says of the visitor: text with [operatingSystem], [browser], [countryCode], [region] and [city]; NULL is '
    'the lines that it has without.';

COMMENT ON TABLE countersign.callback_urls IS 'The addresses that a portal may name as callback_uri.';
COMMENT ON COLUMN countersign.callback_urls.callback_id IS 'Its key.';
COMMENT ON COLUMN countersign.callback_urls.portal_id IS 'The portal it belongs to.';
COMMENT ON COLUMN countersign.callback_urls.url IS 'The address, which callback_uri must equal exactly.';

COMMENT ON TABLE countersign.browser_origins IS
    'Where portals'' pages are, from which browsers may ask for the state of their sign-ins.';
COMMENT ON COLUMN countersign.browser_origins.portal_id IS 'The portal it belongs to.';
COMMENT ON COLUMN countersign.browser_origins.origin IS 'Scheme, host and port, as the header Origin has it.';

COMMENT ON TABLE countersign.partitioned_tables IS 'The tables that are parted into days or weeks (UTC).';
COMMENT ON COLUMN countersign.partitioned_tables.table_name IS 'Its name.';
COMMENT ON COLUMN countersign.partitioned_tables.retention_days IS 'For how many days rows are kept, at least.';
COMMENT ON COLUMN countersign.partitioned_tables.days IS
    'How many days a partition has: 1, or 7 from Monday on.';
COMMENT ON COLUMN countersign.partitioned_tables.fillfactor IS 'How full the pages of a new partition are made, in percent.';

COMMENT ON TABLE countersign.schema_migrations IS 'The numbered files of the schema that were applied.';
COMMENT ON COLUMN countersign.schema_migrations.version IS 'Its number.';
COMMENT ON COLUMN countersign.schema_migrations.name IS 'Its name.';
COMMENT ON COLUMN countersign.schema_migrations.checksum IS 'SHA-256 of it, in hexadecimal.';
COMMENT ON COLUMN countersign.schema_migrations.minimum_binary IS
    'The oldest program that works on the schema after it.';
COMMENT ON COLUMN countersign.schema_migrations.applied_at IS 'When it was done.';
COMMENT ON COLUMN countersign.schema_migrations.duration_ms IS
    'How long it took, in milliseconds; NULL while it is begun and not finished.';
COMMENT ON COLUMN countersign.schema_migrations.applied_by IS 'The role that applied it.';
COMMENT ON COLUMN countersign.schema_migrations.undo IS 'What takes it back without loss; NULL where nothing does.';
COMMENT ON COLUMN countersign.schema_migrations.no_undo IS 'Why nothing takes it back.';
