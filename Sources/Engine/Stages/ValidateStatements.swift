package import Postgres

extension ValidateStage {
    package static let readSwitches = Statement(
        "validate.read_switches",
        "SELECT mobile_authentication_enabled, enrollment_enabled, signature_required FROM countersign.settings"
    )

    package static let claimBatch = Statement("validate.claim", claimSQL(.round))
    package static let claimAlone = Statement("validate.claim_alone", claimSQL(.alone))

    /// Columns as `ClaimedSubmission` reads them. It locks nothing for longer than itself and reads what is needed to
    /// check a signature and to make a prompt; whatever may change until that is done is read again by `hold`.
    ///
    /// Of the submissions of one open request it takes the oldest of each app, for only one may lock the request; the
    /// others would be verified again in every batch. Only the keys of active enrollments are worked with.
    private static func claimSQL(_ mode: Claim.Mode) -> String {
        """
        WITH RECURSIVE \(Claim.validate.sql(mode)), taken AS MATERIALIZED (
            SELECT c.place, c.lane, c.key, s.transaction_id, s.secret_digest, s.enrollment, s.action, s.signed_at,
                   s.signed_time, s.prompt_digest, s.signature, r.open_until,
                   r.status = 'issued' AND s.action = 'scan' AS scans, r.portal_id, r.message, r.user_agent,
                   r.ip_address, r.secure_message,
                   row_number() OVER (PARTITION BY c.lane, s.transaction_id ORDER BY c.key) AS turn,
                   count(*) OVER (PARTITION BY c.lane) AS claimed,
                   max(c.key::text) OVER (PARTITION BY c.lane) AS last
            FROM claimed c
            JOIN countersign.submissions s ON s.submission_id = c.key
            LEFT JOIN LATERAL (
                SELECT q.* FROM countersign.auth_requests q WHERE q.transaction_id = s.transaction_id) r ON true
        ), \(Claim.validate.leaseSQL(of: "taken", where: "(t.turn = 1 OR t.open_until IS NULL)"))
        SELECT s.key, s.lane, \(mode == .round ? "(SELECT min(slice) FROM lanes)" : "1"), s.claimed, s.last::uuid,
               s.leases, clock_timestamp(),
               s.transaction_id, s.secret_digest, s.enrollment, s.action, s.signed_at, s.prompt_digest, s.signature,
               coalesce(abs(date_part('epoch', clock_timestamp() - s.signed_time)) > 300, false),
               e.user_id, CASE WHEN e.status = 'active' THEN e.key_fingerprint END,
               CASE WHEN e.status = 'active' AND (s.signature IS NOT NULL OR s.scans AND s.secure_message IS NOT NULL)
                    THEN e.public_key END,
               CASE WHEN s.scans THEN
                   array_remove(ARRAY[p.display_name, s.message, nullif(concat_ws(', ',
                       'Device: ' || s.user_agent, 'Location: ' || s.ip_address), '')], NULL) END,
               CASE WHEN s.scans THEN s.secure_message END, k.server_key_id, k.secret_key
        FROM leased s
        LEFT JOIN countersign.enrollments e ON e.enrollment_id = s.enrollment AND e.app_id = s.lane
        LEFT JOIN countersign.portals p ON p.portal_id = s.portal_id AND s.scans
        LEFT JOIN countersign.server_keys k
            ON k.server_key_id = e.server_key_id AND s.scans AND s.secure_message IS NOT NULL
        \(mode == .round ? "WHERE s.attempts = 0" : "")
        """
    }

    /// $1 submissions, $2 transactions, $3 enrollments, $4 apps, $5 whether they scan, $6 what scans have signed,
    /// $7 fingerprints of the keys that signatures were checked with. Columns as `Candidate` reads them, after the
    /// submission and whether it may be judged: not when its enrollment has become active since, or got another key.
    /// No row when somebody else has judged it, or is about to: its place in the queue is locked, or gone. `turn` numbers the submissions of one request in this batch; only
    /// the first may lock it. A request that is open but could not be locked is being ended by somebody: its
    /// submission stays queued. `open_scans` looks at two hours of partitions, and no request lives longer than
    /// ten minutes.
    package static let hold = Statement(
        "validate.hold",
        """
        WITH given AS MATERIALIZED (
            SELECT g.*, row_number() OVER (PARTITION BY g.transaction_id ORDER BY g.key) AS turn
            FROM unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::integer[], $5::boolean[], $6::text[], $7::text[])
                AS g (key, transaction_id, enrollment, app_id, scans, signed, key_fingerprint)
        )
        SELECT g.key,
               (seen.transaction_id IS NULL OR seen.open_until IS NULL OR held.transaction_id IS NOT NULL)
                   AND (e.status IS DISTINCT FROM 'active' OR e.key_fingerprint IS NOT DISTINCT FROM g.key_fingerprint),
               a.enabled, e.status, coalesce(e.locked_until > clock_timestamp(), false),
               (SELECT count(*) FROM unnest(e.wrong_codes) w WHERE w > clock_timestamp() - interval '10 min'),
               CASE WHEN g.scans THEN (
                   SELECT count(*) FROM countersign.auth_requests o WHERE o.open_scan_by = g.enrollment
                     AND o.transaction_id >= (SELECT countersign.uuid_floor(clock_timestamp() - interval '1 h'))
                     AND o.transaction_id < (SELECT countersign.uuid_floor(clock_timestamp() + interval '1 h'))
               ) ELSE 0 END,
               seen.transaction_id, coalesce(held.status, seen.status), coalesce(held.secret_digest, seen.secret_digest),
               CASE WHEN coalesce(held.status, seen.status) = 'scanned'
                    THEN coalesce(held.enrollment_id, seen.enrollment_id) END,
               clock_timestamp() >= seen.expires_at, coalesce(held.prompt, seen.prompt),
               coalesce(held.status = 'scanned' AND held.signature = g.signed, false)
        FROM given g
        JOIN LATERAL (
            SELECT q.submission_id FROM countersign.validate_queue q
            WHERE q.app_id = g.app_id AND q.submission_id = g.key FOR UPDATE SKIP LOCKED) queued ON true
        JOIN countersign.apps a ON a.app_id = g.app_id
        LEFT JOIN countersign.enrollments e ON e.enrollment_id = g.enrollment AND e.app_id = g.app_id
        LEFT JOIN LATERAL (
            SELECT q.transaction_id, q.status, q.secret_digest, q.enrollment_id, q.prompt, q.open_until, q.expires_at
            FROM countersign.auth_requests q WHERE q.transaction_id = g.transaction_id) seen ON true
        LEFT JOIN LATERAL (
            SELECT q.transaction_id, q.status, q.secret_digest, q.enrollment_id, q.prompt, q.signature
            FROM countersign.auth_requests q
            WHERE g.turn = 1 AND q.transaction_id = seen.transaction_id AND seen.open_until IS NOT NULL
            FOR UPDATE SKIP LOCKED) held ON true
        """)

    /// $1 submissions, $2 transactions, $3 enrollments, $4 effects, $5 reasons, $6 prompts, $7 fingerprints of
    /// the keys that signed, $8 what scans have signed, by which a repeated one is known, $9 what differs, in words. An answer or scan that came
    /// too late by the time of writing changes no request: its submission is `expired`, or `enrollment_revoked`.
    package static let writeVerdicts = Statement(
        "validate.write_verdicts",
        """
        WITH verdicts AS MATERIALIZED (
            SELECT * FROM unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::text[], $5::text[], $6::text[],
                                 $7::text[], $8::text[], $9::text[])
                AS v (submission_id, transaction_id, enrollment_id, effect, reason, prompt, signer, signed, detail)
        ), ended AS MATERIALIZED (
            SELECT ended AS transaction_id
            FROM (SELECT array_agg(transaction_id) AS ids, array_agg(effect) AS ends,
                         array_agg(enrollment_id) AS enrollments, array_agg(submission_id) AS submissions,
                         array_agg(signer IS NOT NULL) AS verified, array_agg(signer) AS signers
                  FROM verdicts WHERE effect IN ('authenticated', 'denied') HAVING count(*) > 0) b,
                 countersign.end_requests(b.ids, b.ends, b.enrollments, b.submissions, b.verified,
                                          b.signers) AS ended
        ), scanned AS (
            UPDATE countersign.auth_requests r
            SET status = 'scanned', scanned_at = clock_timestamp(), enrollment_id = v.enrollment_id,
                open_scan_by = v.enrollment_id, prompt = v.prompt, signature = v.signed
            FROM verdicts v JOIN countersign.enrollments e ON e.enrollment_id = v.enrollment_id
            WHERE e.status = 'active' AND v.effect = 'scan' AND r.transaction_id = v.transaction_id AND r.status = 'issued'
              AND clock_timestamp() < r.expires_at
            RETURNING r.transaction_id, r.portal_id, v.submission_id
        ), judged AS MATERIALIZED (
            SELECT v.submission_id, v.transaction_id, v.enrollment_id, v.prompt, v.detail,
                   CASE WHEN v.effect = 'reject' THEN v.reason
                        WHEN v.effect = 'scan_again' THEN NULL
                        WHEN v.effect = 'scan' AND v.submission_id IN (SELECT s.submission_id FROM scanned s) THEN NULL
                        WHEN v.transaction_id IN (SELECT e.transaction_id FROM ended e) THEN NULL
                        WHEN (SELECT e.status FROM countersign.enrollments e
                              WHERE e.enrollment_id = v.enrollment_id) = 'revoked' THEN 'enrollment_revoked'
                        ELSE 'expired' END AS reason
            FROM verdicts v
        ), resolved AS (
            UPDATE countersign.submissions s
            SET status = CASE WHEN j.reason IS NULL THEN 'accepted' ELSE 'rejected' END, reason = j.reason,
                prompt = CASE WHEN j.reason IS NULL THEN j.prompt END, resolved_at = clock_timestamp(),
                detail = CASE WHEN j.reason IS NOT NULL THEN j.detail END
            FROM judged j WHERE s.submission_id = j.submission_id
            RETURNING s.submission_id, s.app_id, s.status, s.reason, s.detail, s.action, j.transaction_id,
                      j.enrollment_id
        ), gone AS (
            DELETE FROM countersign.validate_queue q USING resolved r
            WHERE q.app_id = r.app_id AND q.submission_id = r.submission_id
        ), audited AS (
            INSERT INTO countersign.events (transaction_id, enrollment_id, app_id, user_id, type, details)
            SELECT r.transaction_id, r.enrollment_id, r.app_id, e.user_id,
                   CASE WHEN r.status = 'rejected' THEN 'submission.rejected' ELSE 'request.scanned' END,
                   jsonb_strip_nulls(jsonb_build_object('action', r.action, 'reason', r.reason,
                                                        'detail', r.detail))
            FROM resolved r
            LEFT JOIN countersign.enrollments e ON e.enrollment_id = r.enrollment_id AND e.app_id = r.app_id
            WHERE r.status = 'rejected' OR r.action = 'scan'
        ), told_portals AS (
            SELECT countersign.tell_portals(array_agg(portal_id), array_agg(transaction_id),
                                            array_fill('scanned'::text, ARRAY[count(*)::integer]))
            FROM scanned HAVING count(*) > 0
        ), told_apps AS (
            SELECT countersign.tell_apps(array_agg(app_id), array_agg(submission_id), array_agg(status))
            FROM resolved HAVING count(*) > 0
        )
        SELECT (SELECT count(*) FROM told_portals), (SELECT count(*) FROM told_apps)
        """)

    /// Remembers the last ten wrong codes of each enrollment, and locks it for ten minutes when all ten came
    /// within ten minutes. Rows are taken in one order, so that two workers cannot deadlock, and counted as
    /// they are once they are held: the snapshot may be older than what the other worker has added.
    static func countWrongCodes(_ counts: [Identifier: Int]) -> Step {
        let ordered = counts.sorted { $0.key < $1.key }
        return Step(
            addWrongCodes,
            [
                .identifiers(ordered.map(\.key)),
                .int32s(ordered.map { Int32(min($0.value, Judge.wrongCodesAllowed)) }),
            ])
    }

    package static let addWrongCodes = Statement(
        "validate.add_wrong_codes",
        """
        WITH held AS MATERIALIZED (
            SELECT e.enrollment_id, e.app_id, e.user_id, e.locked_until, e.wrong_codes, c.wrong
            FROM unnest($1::uuid[], $2::integer[]) AS c (enrollment_id, wrong)
            JOIN countersign.enrollments e USING (enrollment_id) ORDER BY e.enrollment_id FOR UPDATE OF e
        ), counted AS (
            SELECT h.enrollment_id, h.app_id, h.user_id, times, h.locked_until,
                   cardinality(times) >= 10 AND times[1] > clock_timestamp() - interval '10 min' AS locks
            FROM held h CROSS JOIN LATERAL (
                SELECT all_times[greatest(1, cardinality(all_times) - 9):] AS times
                FROM (SELECT h.wrong_codes || array_fill(clock_timestamp(), ARRAY[h.wrong]) AS all_times) a) t
        ), locked AS (
            INSERT INTO countersign.events (enrollment_id, app_id, user_id, type)
            SELECT enrollment_id, app_id, user_id, 'enrollment.locked' FROM counted
            WHERE locks AND coalesce(locked_until < clock_timestamp(), true)
        )
        UPDATE countersign.enrollments e
        SET wrong_codes = c.times,
            locked_until = CASE WHEN c.locks THEN clock_timestamp() + interval '10 min' ELSE e.locked_until END
        FROM counted c WHERE e.enrollment_id = c.enrollment_id
        """)

    /// $1 a submission that broke its batch five times: it is refused, and so is its request
    /// if the code was right (somebody else's submission must not end it).
    package static let giveUpSubmission = Statement(
        "validate.give_up",
        """
        WITH gone AS (
            DELETE FROM countersign.validate_queue WHERE submission_id = $1 RETURNING submission_id
        ), refused AS (
            UPDATE countersign.submissions s SET status = 'rejected', reason = 'malformed', resolved_at = clock_timestamp()
            FROM gone g WHERE s.submission_id = g.submission_id
            RETURNING s.transaction_id, s.secret_digest
        )
        SELECT count(*) FROM refused
        JOIN countersign.auth_requests r USING (transaction_id, secret_digest),
             countersign.end_requests(ARRAY[r.transaction_id], ARRAY['failed']) AS ended
        """)
}
