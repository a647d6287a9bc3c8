import Countersign
import Postgres

struct ReadSwitches: PreparedStatement {
    static let statement = Statement(
        "validate.read_switches",
        "SELECT mobile_authentication_enabled, enrollment_enabled, signature_required FROM countersign.settings"
    )

    static func decode(_ row: inout RowReader) throws -> Judge.Switches {
        Judge.Switches(
            mobileAuthentication: try row.bool("mobile_authentication_enabled"),
            enrollment: try row.bool("enrollment_enabled"),
            signatureRequired: try row.bool("signature_required"))
    }
}

/// Locks the requests of checked submissions, and reads all that may have changed since.
///
/// A submission may not be judged when its enrollment has become active since, or got another key. No row when somebody
/// else has judged it, or is about to: its place in the queue is locked, or gone. `turn` numbers the submissions of one
/// request in this batch; only the first may lock it. A request that is open but could not be locked is being ended by
/// somebody: its submission stays queued.
struct HoldSubmissions: StatementForDays {
    let checked: [CheckedSubmission]
    let days: Days

    struct Output: Sendable {
        let held: HeldSubmission
        /// Whether it, or its open request, is not of these days: then another statement has to hold them all.
        let isOutside: Bool
    }

    static func decode(_ row: inout RowReader) throws -> Output {
        let held = try HeldSubmission(&row)
        return Output(held: held, isOutside: try row.bool("is_outside"))
    }

    /// $5 whether they scan, $6 what scans have signed, $7 fingerprints of the keys that signatures were checked with.
    var parameters: [Parameter] {
        let claimed = checked.map(\.claimed)
        return [
            .identifiers(claimed.map(\.key)), .identifiers(claimed.map(\.text.transactionID)),
            .identifiers(claimed.map(\.text.enrollmentID)), .int32s(claimed.map(\.lane)),
            .bools(claimed.map { $0.text.action == .scan }),
            .optionalByteses(checked.map { $0.claimed.text.action == .scan ? $0.signed : nil }),
            .texts(claimed.map(\.keyFingerprint)),
        ]
    }

    static let recent = Statement("validate.hold", sql(.recent))
    static let any = Statement("validate.hold_of_any_day", sql(.any))

    private static func sql(_ days: Days) -> String {
        """
        WITH given AS MATERIALIZED (
            SELECT g.*, row_number() OVER (PARTITION BY g.transaction_id ORDER BY g.key) AS turn
            FROM unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::integer[], $5::boolean[], $6::bytea[], $7::text[])
                AS g (key, transaction_id, enrollment, app_id, scans, signed, key_fingerprint)
        )
        SELECT g.key,
               (seen.transaction_id IS NULL OR seen.open_until IS NULL OR held.transaction_id IS NOT NULL)
                   AND (e.status IS DISTINCT FROM 'active' OR e.key_fingerprint IS NOT DISTINCT FROM g.key_fingerprint)
                   AS may_be_judged,
               \(HeldSubmission.senderSQL(enrollment: "g.enrollment", scans: "g.scans")),
               seen.transaction_id, coalesce(held.status, seen.status) AS status,
               coalesce(held.secret_digest, seen.secret_digest) AS secret_digest,
               CASE WHEN coalesce(held.status, seen.status) = 'scanned'
                    THEN coalesce(held.enrollment_id, seen.enrollment_id) END AS scanned_by,
               clock_timestamp() >= seen.expires_at AS is_due, coalesce(held.prompt, seen.prompt) AS prompt,
               \(HeldSubmission.answerSQL(request: "seen")),
               coalesce(seen.scan_required, false) AS needs_scan,
               \(HeldSubmission.rotationSQL(of: "g.key", request: "seen")),
               coalesce(CASE WHEN g.scans THEN held.status = 'scanned' AND held.signature = g.signed
                             WHEN seen.status IN ('authenticated', 'denied') AND seen.enrollment_id = g.enrollment
                             THEN countersign.armored_signature(seen.signature) = (
                                 SELECT s.signature FROM countersign.submissions s
                                 WHERE s.submission_id = g.key\(days.condition("s.submission_id"))) END, false) AS is_repeated,
               \(days.isOutside("g.key"))
                   OR coalesce(seen.open_until IS NOT NULL AND \(days.isOutside("seen.transaction_id")), false) AS is_outside
        FROM given g
        JOIN LATERAL (
            SELECT q.submission_id FROM countersign.validate_queue q
            WHERE q.app_id = g.app_id AND q.submission_id = g.key FOR UPDATE SKIP LOCKED) queued ON true
        JOIN countersign.apps a ON a.app_id = g.app_id
        LEFT JOIN countersign.enrollments e ON e.enrollment_id = g.enrollment AND e.app_id = g.app_id
        LEFT JOIN LATERAL (
            SELECT q.transaction_id, q.status, q.secret_digest, q.enrollment_id, q.prompt, q.open_until, q.expires_at,
                   q.signature, q.confirm_number, q.confirmed_at, q.refuse_qr, q.code_rotation, q.code_step, q.requested_at,
                   q.scan_required
            FROM (\(days.row(of: "auth_requests", "transaction_id", "g.transaction_id"))) q) seen ON true
        LEFT JOIN LATERAL (
            SELECT q.transaction_id, q.status, q.secret_digest, q.enrollment_id, q.prompt, q.signature,
                   q.confirm_number, q.confirmed_at, q.refuse_qr, q.code_step
            FROM countersign.auth_requests q
            WHERE g.turn = 1 AND q.transaction_id = seen.transaction_id AND seen.open_until IS NOT NULL
              \(days.condition("q.transaction_id"))
            FOR UPDATE SKIP LOCKED) held ON true
        """
    }
}

/// What the judge asks for of a submission whose request is held.
struct HeldSubmission: RowReadable, Sendable {
    let key: Identifier
    let mayBeJudged: Bool
    let appEnabled: Bool
    let enrollment: Candidate.Enrollment?
    let request: Candidate.Request?

    init(_ row: inout RowReader) throws {
        let key = try row.identifier("key")
        try self.init(&row) { key }
    }

    /// Of the columns that follow the key.
    init(_ row: inout RowReader, key: () throws -> Identifier) throws {
        mayBeJudged = try row.bool("may_be_judged")
        appEnabled = try row.bool("app_enabled")
        enrollment = try Candidate.Enrollment(&row)
        request = try Candidate.Request(&row)
        self.key = try key()
    }

    /// Where a submission's time and the stored digest stand among the codes of a request that rotates them. The time is
    /// that of the INSERT: a submission does not age while it waits.
    static func rotationSQL(of key: String, request: String) -> String {
        """
        CASE WHEN \(request).code_rotation IS NOT NULL
                    THEN floor(date_part('epoch', countersign.uuid_time(\(key)) - \(request).requested_at)
                               / \(request).code_rotation)::integer END AS step_now,
               coalesce(held.code_step, \(request).code_step, 0) AS step_stored,
               CASE WHEN \(request).code_rotation IS NOT NULL
                    THEN countersign.code_steps(\(request).expires_at - \(request).requested_at, \(request).code_rotation)
                    END AS steps
        """
    }

    /// How an answer must come, as the request is once it is held: a scan by a link that was written since the claim has taken
    /// the number away, and every other way than that link.
    static func answerSQL(request: String) -> String {
        """
        CASE WHEN CASE WHEN held.transaction_id IS NULL THEN \(request).confirm_number ELSE held.confirm_number END IS NOT NULL
                    THEN coalesce(held.confirmed_at, \(request).confirmed_at) IS NOT NULL END AS is_confirmed,
               coalesce(held.refuse_qr, \(request).refuse_qr, false) AS refuses_qr
        """
    }

    /// What is asked of the app `a` and the enrollment `e`. No request lives longer than ten minutes, so open scans are
    /// looked for among the recent ones alone.
    static func senderSQL(enrollment: String, scans: String) -> String {
        """
        a.enabled AS app_enabled, e.status AS enrollment_status,
               coalesce(e.locked_until > clock_timestamp(), false) AS is_locked,
               coalesce(e.held_until > clock_timestamp(), false) AS is_held,
               (SELECT count(*) FROM unnest(e.wrong_codes) w WHERE w > clock_timestamp() - interval '10 min')
                   AS wrong_codes,
               CASE WHEN \(scans) THEN (
                   SELECT count(*) FROM countersign.auth_requests o
                   WHERE o.open_scan_by = \(enrollment) AND countersign.is_recent(o.transaction_id)
               ) ELSE 0 END AS open_scans
        """
    }
}

extension Candidate.Enrollment {
    fileprivate init?(_ row: inout RowReader) throws {
        let status = try row.optionalText("enrollment_status")
        let (isLocked, isHeld) = (try row.bool("is_locked"), try row.bool("is_held"))
        let wrongCodes = try row.int("wrong_codes")
        let openScans = try row.int("open_scans")
        guard let status else { return nil }
        self.init(status: status, isLocked: isLocked, wrongCodes: wrongCodes, openScans: openScans)
        self.isHeld = isHeld
    }
}

extension Candidate.Request {
    fileprivate init?(_ row: inout RowReader) throws {
        let (transactionID, status) = (
            try row.optionalIdentifier("transaction_id"), try row.optionalText("status")
        )
        let secretDigest = try row.optionalBytes("secret_digest")
        let (scannedBy, isDue) = (try row.optionalIdentifier("scanned_by"), try row.optionalBool("is_due"))
        let (prompt, isConfirmed) = (try row.optionalText("prompt"), try row.optionalBool("is_confirmed"))
        let refusesQR = try row.bool("refuses_qr")
        let needsScan = try row.bool("needs_scan")
        let rotation = try CodeRotation(&row)
        let isRepeated = try row.bool("is_repeated")
        guard let transactionID, let status, let isDue else { return nil }
        self.init(
            transactionID: transactionID, status: status, secretDigest: secretDigest, scannedBy: scannedBy,
            isDue: isDue, prompt: prompt, isConfirmed: isConfirmed, needsScan: needsScan, rotation: rotation,
            isRepeated: isRepeated)
        self.refusesQR = refusesQR
    }
}

/// Writes all verdicts of a batch. An answer or scan that came too late by the time of writing changes no request: its
/// submission is `expired`, or `enrollment_revoked`. An answer that waits for its confirmation number leaves the request
/// open and `scanned`, which is what portals are told once more. Of a request that rotates its codes the one that was
/// scanned is the only one from then on: its digest takes the place of the first one's.
///
/// A submission that is accepted keeps nothing that stands elsewhere: the prompt is the request's, and of the answer that
/// has ended it the signature is the request's and its event's. A scan's signature stands nowhere else, so it stays, with
/// `signed_time`; the other lines that it has signed are its row's and its request's. What is rejected stays as it was
/// sent, for nobody else has it.
///
/// Refuses the whole with `SQLState.outsideDays` when it has to write what is not of these days.
struct WriteVerdicts: StatementForDays {
    let verdicts: VerdictColumns
    let days: Days

    var parameters: [Parameter] { verdicts.parameters }

    static func decode(_ row: inout RowReader) throws {
        try row.skip("told_portals")
        try row.skip("told_apps")
        try row.skip("confirmed")
        try row.skip("refused")
    }

    static let recent = Statement("validate.write_verdicts", sql(.recent))
    static let any = Statement("validate.write_verdicts_of_any_day", sql(.any))

    private static func sql(_ days: Days) -> String {
        """
        WITH verdicts AS MATERIALIZED (
            SELECT * FROM unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::text[], $5::text[], $6::text[],
                                 $7::text[], $8::bytea[], $9::text[], $10::bytea[], $11::integer[], $12::boolean[],
                                 $13::text[], $14::text[], $15::text[], $16::text[], $17::bytea[], $18::boolean[])
                AS v (submission_id, transaction_id, enrollment_id, effect, reason, prompt, signer, signed, detail,
                      later_code, steps_later, browser_known, network_match, device_address, device_agent,
                      country_match, kept_signature, by_link)
        ), ended AS MATERIALIZED (
            SELECT ended AS transaction_id
            FROM (SELECT array_agg(transaction_id) AS ids, array_agg(effect) AS ends,
                         array_agg(enrollment_id) AS enrollments, array_agg(submission_id) AS submissions,
                         array_agg(signer IS NOT NULL) AS verified, array_agg(signer) AS signers,
                         array_agg(country_match) AS countries, array_agg(kept_signature) AS signatures
                  FROM verdicts WHERE effect IN ('authenticated', 'denied') HAVING count(*) > 0) b,
                 countersign.end_requests(b.ids, b.ends, b.enrollments, b.submissions, b.verified,
                                          b.signers, b.countries, b.signatures) AS ended
        ), scanned AS (
            UPDATE countersign.auth_requests r
            SET status = 'scanned', scanned_at = coalesce(r.scanned_at, clock_timestamp()),
                enrollment_id = v.enrollment_id, open_scan_by = v.enrollment_id, prompt = coalesce(v.prompt, r.prompt),
                signature = coalesce(v.signed, r.signature),
                secret_digest = coalesce(v.later_code, r.secret_digest),
                code_step = CASE WHEN v.later_code IS NULL THEN r.code_step
                                 ELSE coalesce(r.code_step, 0) + v.steps_later END,
                network_match = coalesce(v.network_match, r.network_match),
                country_match = coalesce(v.country_match, r.country_match),
                browser_known = coalesce(v.browser_known, r.browser_known),
                \(WriteScans.linkSQL),
                answer_id = CASE v.effect WHEN 'await_confirmation' THEN v.submission_id ELSE r.answer_id END,
                signature_verified = CASE v.effect WHEN 'await_confirmation' THEN v.signer IS NOT NULL
                                                   ELSE r.signature_verified END,
                signer_fingerprint = CASE v.effect WHEN 'await_confirmation' THEN v.signer
                                                   ELSE r.signer_fingerprint END
            FROM verdicts v JOIN countersign.enrollments e ON e.enrollment_id = v.enrollment_id
            WHERE e.status = 'active' AND v.effect IN ('scan', 'scan_later', 'await_confirmation')
              AND r.transaction_id = v.transaction_id\(days.condition("r.transaction_id"))
              AND r.status = CASE v.effect WHEN 'scan' THEN 'issued' ELSE 'scanned' END
              AND clock_timestamp() < r.expires_at
            RETURNING r.transaction_id, r.portal_id, v.submission_id
        ), judged AS MATERIALIZED (
            SELECT v.submission_id, v.transaction_id, v.enrollment_id, v.effect, v.detail, v.network_match,
                   v.country_match, v.device_address, v.device_agent, v.kept_signature,
                   v.transaction_id IN (SELECT e.transaction_id FROM ended e)
                       AND v.effect IN ('authenticated', 'denied') AS is_answer,
                   CASE WHEN v.effect = 'reject' THEN v.reason
                        WHEN v.effect IN ('scan_again', 'answered_before', 'confirm') THEN NULL
                        WHEN v.effect IN ('scan', 'scan_later', 'await_confirmation')
                             AND v.submission_id IN (SELECT s.submission_id FROM scanned s) THEN NULL
                        WHEN v.transaction_id IN (SELECT e.transaction_id FROM ended e) THEN NULL
                        WHEN (SELECT e.status FROM countersign.enrollments e
                              WHERE e.enrollment_id = v.enrollment_id) = 'revoked' THEN 'enrollment_revoked'
                        ELSE 'expired' END AS reason
            FROM verdicts v
        ), resolved AS (
            UPDATE countersign.submissions s
            SET status = CASE WHEN j.reason IS NULL THEN 'accepted' ELSE 'rejected' END, reason = j.reason,
                resolved_at = clock_timestamp(),
                ip_address = NULL, user_agent = NULL,  -- which the audit trail has
                detail = CASE WHEN j.reason IS NOT NULL THEN j.detail END,
                -- Of what is refused all stays as it was sent. Of what is accepted the request has it, or its event.
                enrollment_id = CASE WHEN j.reason IS NOT NULL THEN s.enrollment_id END,
                signed_at = CASE WHEN j.reason IS NOT NULL THEN s.signed_at END,
                signed_time = CASE WHEN NOT j.is_answer THEN s.signed_time END,
                prompt_digest = CASE WHEN j.reason IS NOT NULL THEN s.prompt_digest END,
                signature = CASE WHEN j.reason IS NOT NULL THEN s.signature END,
                kept_signature = CASE WHEN j.reason IS NULL AND NOT j.is_answer AND j.effect <> 'answered_before'
                                      THEN j.kept_signature END,
                secret_digest = CASE WHEN j.reason IS NOT NULL OR j.effect = 'await_confirmation'
                                     THEN s.secret_digest END
            FROM judged j WHERE s.submission_id = j.submission_id\(days.condition("s.submission_id"))
            RETURNING s.submission_id, s.app_id, s.status, s.reason, s.detail, s.action, j.transaction_id,
                      j.enrollment_id, j.effect, j.network_match, j.country_match, j.device_address, j.device_agent
        ), \(VerdictRows.goneSQL), audited AS (
            INSERT INTO countersign.events (transaction_id, enrollment_id, app_id, user_id, type, device_address,
                                            device_agent, details)
            SELECT CASE WHEN r.action <> 'confirm' THEN r.transaction_id END, r.enrollment_id, r.app_id, e.user_id,
                   CASE WHEN r.status = 'rejected' THEN 'submission.rejected'
                        WHEN r.action = 'scan' THEN 'request.scanned' ELSE 'request.accepted' END,
                   r.device_address, r.device_agent,
                   jsonb_strip_nulls(jsonb_build_object(
                       'action', CASE WHEN r.status = 'rejected' OR r.action <> 'scan' THEN r.action END,
                       'reason', r.reason, 'detail', r.detail, 'network_match', r.network_match,
                       'country_match', r.country_match))
            FROM resolved r
            LEFT JOIN countersign.enrollments e ON e.enrollment_id = r.enrollment_id AND e.app_id = r.app_id
            WHERE r.status = 'rejected' OR r.action = 'scan' OR r.effect = 'await_confirmation'
        ), confirmed AS (
            SELECT countersign.confirm_enrollments(array_agg(transaction_id), array_agg(enrollment_id))
            FROM verdicts WHERE effect = 'confirm' HAVING count(*) > 0
        ), told_portals AS (
            SELECT countersign.tell_portals(array_agg(portal_id), array_agg(transaction_id),
                                            array_fill('scanned'::text, ARRAY[count(*)::integer]))
            FROM scanned HAVING count(*) > 0
        ), told_apps AS (
            SELECT countersign.tell_apps(array_agg(app_id), array_agg(submission_id), array_agg(status))
            FROM resolved HAVING count(*) > 0
        ), refused AS (
            SELECT countersign.refuse('\(SQLState.outsideDays)', 'a verdict is of another day than the plan')
            FROM verdicts v
            WHERE \(days.isOutside("v.submission_id"))
               OR v.effect IN ('scan', 'scan_later', 'await_confirmation') AND \(days.isOutside("v.transaction_id"))
        )
        SELECT (SELECT count(*) FROM told_portals) AS told_portals, (SELECT count(*) FROM told_apps) AS told_apps,
               (SELECT count(*) FROM confirmed) AS confirmed, (SELECT count(*) FROM refused) AS refused
        """
    }
}
