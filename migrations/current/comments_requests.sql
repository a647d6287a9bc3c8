-- What requests, submissions, enrollments and deliveries mean to portals, apps and monitoring, column by column: psql
-- shows it by \d+. Views and functions are explained where they are defined.

COMMENT ON TABLE countersign.auth_requests IS
    'One attempt to sign one visitor in. A portal inserts a row and reads auth_results. Parted by day, kept 30 days.';
COMMENT ON COLUMN countersign.auth_requests.transaction_id IS 'Its key, a UUID of version 7, set by the database.';
COMMENT ON COLUMN countersign.auth_requests.requested_at IS 'When it was inserted.';
COMMENT ON COLUMN countersign.auth_requests.expires_at IS
    'When it ends unanswered: request_expires_in of its authentication type after requested_at.';
COMMENT ON COLUMN countersign.auth_requests.open_until IS 'expires_at while it is open, NULL once it has ended.';
COMMENT ON COLUMN countersign.auth_requests.issued_at IS 'When its code was made.';
COMMENT ON COLUMN countersign.auth_requests.scanned_at IS 'When an app scanned the code, NULL for apps that do not.';
COMMENT ON COLUMN countersign.auth_requests.resolved_at IS 'When it ended, NULL while it is open.';
COMMENT ON COLUMN countersign.auth_requests.enrollment_id IS 'Who scanned it, then who answered it.';
COMMENT ON COLUMN countersign.auth_requests.portal_id IS 'The portal that inserted it.';
COMMENT ON COLUMN countersign.auth_requests.app_id IS 'The app of that enrollment.';
COMMENT ON COLUMN countersign.auth_requests.signature_verified IS
    'Whether the answer carried a signature that was checked; NULL when nobody answered.';
COMMENT ON COLUMN countersign.auth_requests.status IS
    'requested, issued and scanned are open; authenticated, denied, expired, cancelled and failed are ends, of which '
    'each request has exactly one, for ever.';
COMMENT ON COLUMN countersign.auth_requests.auth_type IS 'Name of its authentication type. To be given.';
COMMENT ON COLUMN countersign.auth_requests.method IS 'How it is answered: otp, by a code.';
COMMENT ON COLUMN countersign.auth_requests.callback_uri IS
    'The http or https address that is called when it ends, one of those configured for the portal. To be given.';
COMMENT ON COLUMN countersign.auth_requests.message IS
    'What the user is asked, at most 155 characters; left out, the default of the authentication type in that language '
    'or in English.';
COMMENT ON COLUMN countersign.auth_requests.secure_message IS
    'Text that only the user''s device can read, at most 8,192 bytes: encrypted to its key when the code is scanned.';
COMMENT ON COLUMN countersign.auth_requests.language_code IS
    'Lower-case language tag of the message, such as en or nl-be.';
COMMENT ON COLUMN countersign.auth_requests.ip_address IS 'The visitor''s address, one of IPv4 or IPv6. Once it has ended, its event has it.';
COMMENT ON COLUMN countersign.auth_requests.user_agent IS
    'The visitor''s browser, at most 1,024 characters. Once it has ended, its event has it.';
COMMENT ON COLUMN countersign.auth_requests.reference IS
    'The portal''s own handle of the visitor''s session, at most 255 characters, echoed in the result.';
COMMENT ON COLUMN countersign.auth_requests.return_uri IS
    'Where the app sends the browser after an answer by link, one of the portal''s callback addresses.';
COMMENT ON COLUMN countersign.auth_requests.browser_id IS
    'What the portal knows the visitor''s browser by for a long time, such as a cookie of 16 to 255 characters that nobody '
    'can guess; a keyed digest of it is stored.';
COMMENT ON COLUMN countersign.auth_requests.code_rotation IS
    'For how many seconds each of its codes is shown, NULL when it has one: see rotated_otp.';
COMMENT ON COLUMN countersign.auth_requests.signer_fingerprint IS 'Of the OpenPGP key that signed the answer.';
COMMENT ON COLUMN countersign.auth_requests.traceparent IS
    'The trace it is part of (W3C Trace Context); the webhook carries it on. One that is none is ignored.';

COMMENT ON TABLE countersign.submissions IS
    'What apps sent: a scan, or an answer. An app inserts a row, whose content is never refused by an error, and reads '
    'submission_results. Parted by day, kept 30 days.';
COMMENT ON COLUMN countersign.submissions.submission_id IS 'Its key, a UUID of version 7, set by the database.';
COMMENT ON COLUMN countersign.submissions.submitted_at IS 'When it was inserted.';
COMMENT ON COLUMN countersign.submissions.resolved_at IS 'When it was judged.';
COMMENT ON COLUMN countersign.submissions.app_id IS 'The app that inserted it.';
COMMENT ON COLUMN countersign.submissions.status IS 'pending, accepted or rejected.';
COMMENT ON COLUMN countersign.submissions.detail IS 'What differs, in words, beside the reason.';
COMMENT ON COLUMN countersign.submissions.reason IS
    'Why it was rejected: malformed, unknown_code, expired, already_used, other_device, not_enrolled, '
    'enrollment_revoked, enrollment_held, enrollment_disabled, invalid_signature, stale_signature, wrong_prompt, other_network, '
    'other_country, wrong_channel, locked_out, too_many_waiting or '
    'too_many_malformed.';
COMMENT ON COLUMN countersign.submissions.enrollment_id IS
    'The enrollment that answers. To be given. Of what was accepted, enrollment has it.';
COMMENT ON COLUMN countersign.submissions.otp IS 'The code as it was scanned. To be given; never stored.';
COMMENT ON COLUMN countersign.submissions.action IS
    'scan, accept or deny; or confirm, by which a device lets another one of its user answer. To be given.';
COMMENT ON COLUMN countersign.submissions.deny_reason IS
    'With deny: not_me, when the user says that it was somebody else. The portal is told, and its source slowed down.';
COMMENT ON COLUMN countersign.submissions.channel IS
    'How the app got the code: qr, which is meant when nothing is said, or link, when it stood in a link with channel=link.';
COMMENT ON COLUMN countersign.submissions.ip_address IS
    'The device''s address, as its app''s back end sees it. What is none is dropped. Forgotten once it is judged.';
COMMENT ON COLUMN countersign.submissions.user_agent IS
    'What the app says of itself, at most 1,024 characters. Forgotten once it is judged.';
COMMENT ON COLUMN countersign.submissions.signed_at IS
    'When it was signed, RFC 3339 in UTC to the second, as it stands in the signed lines; within 5 minutes of now. '
    'Not kept of what was accepted.';
COMMENT ON COLUMN countersign.submissions.prompt_digest IS
    'SHA-256 of the prompt that was shown, in hexadecimal, or - for a scan and for an app without a scan step. '
    'Not kept of what was accepted.';
COMMENT ON COLUMN countersign.submissions.signature IS
    'Armored detached OpenPGP signature over the seven lines that begin with countersign-v1. Of an accepted answer the '
    'request has it and its event, of an accepted scan kept_signature.';
COMMENT ON COLUMN countersign.submissions.kept_signature IS
    'The signature of an accepted scan, of which armored_signature() makes the armor again.';
COMMENT ON COLUMN countersign.submissions.transaction_id IS
    'The request that the code belongs to, if it could be read.';
COMMENT ON COLUMN countersign.submissions.enrollment IS 'enrollment_id, if it could be read.';

COMMENT ON TABLE countersign.enrollments IS
    'One user''s app on one device, allowed to answer. An app inserts a row and reads enrollment_results.';
COMMENT ON COLUMN countersign.enrollments.enrollment_id IS 'Its key, a UUID of version 7, set by the database.';
COMMENT ON COLUMN countersign.enrollments.created_at IS 'When it was inserted.';
COMMENT ON COLUMN countersign.enrollments.activated_at IS 'When its keys had been exchanged.';
COMMENT ON COLUMN countersign.enrollments.revoked_at IS 'When it was revoked, or replaced by a newer one.';
COMMENT ON COLUMN countersign.enrollments.held_until IS
    'Until when it may not answer, unless an older device of the user confirms it or an operator releases it.';
COMMENT ON COLUMN countersign.enrollments.locked_until IS
    'Until when its submissions are refused, after ten wrong codes within ten minutes.';
COMMENT ON COLUMN countersign.enrollments.app_id IS 'The app that inserted it.';
COMMENT ON COLUMN countersign.enrollments.status IS 'pending, active, rejected or revoked.';
COMMENT ON COLUMN countersign.enrollments.reason IS 'Why it was rejected or revoked.';
COMMENT ON COLUMN countersign.enrollments.user_id IS
    'The app''s name for its user, 1 to 255 characters: what the portal gets. To be given.';
COMMENT ON COLUMN countersign.enrollments.device_id IS
    'The app''s name for the device, 1 to 255 characters; enrolling the same again replaces the former. To be given.';
COMMENT ON COLUMN countersign.enrollments.device_name IS 'What the user calls the device, at most 255 characters.';
COMMENT ON COLUMN countersign.enrollments.platform IS 'Such as ios or android, at most 64 characters.';
COMMENT ON COLUMN countersign.enrollments.public_key IS
    'The device''s armored OpenPGP public key, at most 16,384 bytes. To be given where signatures are required.';

COMMENT ON TABLE countersign.events IS
    'The audit trail: what happened to requests and enrollments, and what operators did. Parted by week, kept 400 days.';
COMMENT ON COLUMN countersign.events.event_id IS 'Its key, a UUID of version 7.';
COMMENT ON COLUMN countersign.events.occurred_at IS 'When it happened.';
COMMENT ON COLUMN countersign.events.written_in IS 'The transaction that wrote it, as pg_current_xact_id() calls it.';
COMMENT ON COLUMN countersign.events.transaction_id IS 'The request it is about.';
COMMENT ON COLUMN countersign.events.enrollment_id IS 'The enrollment it is about.';
COMMENT ON COLUMN countersign.events.portal_id IS 'The portal it is about.';
COMMENT ON COLUMN countersign.events.app_id IS 'The app it is about.';
COMMENT ON COLUMN countersign.events.requested_at IS 'Of the end of a request: when that was inserted.';
COMMENT ON COLUMN countersign.events.auth_type IS 'Of the end of a request: its authentication type.';
COMMENT ON COLUMN countersign.events.reference IS 'Of the end of a request: the portal''s own handle.';
COMMENT ON COLUMN countersign.events.ip_address IS 'Of the end of a request: the visitor''s address.';
COMMENT ON COLUMN countersign.events.user_agent IS 'Of the end of a request: the visitor''s browser.';
COMMENT ON COLUMN countersign.events.device_address IS 'Of what an app has sent: the device''s address.';
COMMENT ON COLUMN countersign.events.device_agent IS 'Of what an app has sent: what the app says of itself.';
COMMENT ON COLUMN countersign.events.signature IS
    'Of a signed answer, as bytes. event_details() shows it as it was sent, with the lines that were signed.';
COMMENT ON COLUMN countersign.events.signed_at IS 'Of a signed answer, line 6 of what was signed.';
COMMENT ON COLUMN countersign.events.secret_digest IS 'Of a signed answer, line 4 of what was signed.';
COMMENT ON COLUMN countersign.events.prompt IS 'Of a signed answer, what the user was shown: its SHA-256 is line 7.';
COMMENT ON COLUMN countersign.events.signer_fingerprint IS 'Of the OpenPGP key that signed the answer.';
COMMENT ON COLUMN countersign.events.certificate_sha256 IS
    'SHA-256 of the certificate with that key, which its enrollment has.';
COMMENT ON COLUMN countersign.events.type IS 'What happened, such as request.authenticated or enrollment.revoked.';

COMMENT ON TABLE countersign.webhook_deliveries IS
    'The call that tells the portal that a request has ended, one for each. Parted by day, kept 30 days.';
COMMENT ON COLUMN countersign.webhook_deliveries.transaction_id IS
    'The request that ended; also the webhook-id, the same at every attempt.';
COMMENT ON COLUMN countersign.webhook_deliveries.created_at IS 'When the request ended.';
COMMENT ON COLUMN countersign.webhook_deliveries.finished_at IS 'When it was delivered or given up.';
COMMENT ON COLUMN countersign.webhook_deliveries.portal_id IS 'The portal that is called.';
COMMENT ON COLUMN countersign.webhook_deliveries.attempts IS 'How often it was tried.';
COMMENT ON COLUMN countersign.webhook_deliveries.status IS 'pending, delivered or dead.';
COMMENT ON COLUMN countersign.webhook_deliveries.first_at IS
    'When the first attempt began, where it succeeded and has no row in webhook_attempts.';
COMMENT ON COLUMN countersign.webhook_deliveries.first_ms IS 'How long that took, in milliseconds.';
COMMENT ON COLUMN countersign.webhook_deliveries.first_code IS 'What it was answered, an HTTP status.';
COMMENT ON COLUMN countersign.webhook_deliveries.request_status IS 'How the request ended.';
COMMENT ON COLUMN countersign.webhook_deliveries.callback_uri IS 'The address that is called.';
COMMENT ON COLUMN countersign.webhook_deliveries.epoch IS
    'Of a request that was open when history had gone back: part of the webhook-id.';

COMMENT ON TABLE countersign.webhook_attempts IS
    'Each try at a delivery but a first one that succeeded without a body. Parted by day, kept 30 days.';
COMMENT ON COLUMN countersign.webhook_attempts.transaction_id IS 'The request of the delivery.';
COMMENT ON COLUMN countersign.webhook_attempts.started_at IS 'When it began.';
COMMENT ON COLUMN countersign.webhook_attempts.attempt IS 'Which it was, counted from 1.';
COMMENT ON COLUMN countersign.webhook_attempts.duration_ms IS 'How long it took, in milliseconds.';
COMMENT ON COLUMN countersign.webhook_attempts.status_code IS 'The receiver''s HTTP status, NULL when it sent none.';
COMMENT ON COLUMN countersign.webhook_attempts.error_class IS
    'Why it failed: connect, timeout, tls, too_large, status and others; NULL when it did not.';
COMMENT ON COLUMN countersign.webhook_attempts.detail IS 'What was wrong in particular, at most 1,024 bytes.';
