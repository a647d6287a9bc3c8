import Postgres

/// Leases submissions that wait to be judged.
struct ClaimSubmissions: PreparedStatement {
    let lanes: Lanes
    let limit: Int

    typealias Output = ClaimedSubmission

    static let statement = Statement("validate.claim", claimSQL(.round))
    var parameters: [Parameter] { Claim.parameters(lanes, limit: limit) }
}

/// Leases one submission.
struct ClaimSubmission: PreparedStatement {
    let key: Identifier

    typealias Output = ClaimedSubmission

    static let statement = Statement("validate.claim_alone", claimSQL(.alone))
    var parameters: [Parameter] { [.identifier(key)] }
}

/// Both lock nothing for longer than itself and read what is needed to
/// check a signature and to make a prompt; whatever may change until that is done is read again by `HoldSubmissions`.
///
/// Each part of the prompt has a line of its own, by its place: what portals and visitors write has no line breaks. The
/// visitor's own words come last, behind the address that they might imitate, and cannot be spread so far that they seem
/// to begin another line.
///
/// Of the submissions of one open request they take the oldest of each app, for only one may lock the request; the
/// others would be verified again in every batch. Only the keys of active enrollments are worked with.
private func claimSQL(_ mode: Claim.Mode) -> String {
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
    SELECT s.key, s.lane, \(mode == .round ? "(SELECT min(slice) FROM lanes)" : "1") AS slice, s.claimed, s.last::uuid,
           s.leases, clock_timestamp() AS now,
           s.transaction_id, s.secret_digest, s.enrollment, s.action, s.signed_at, s.prompt_digest, s.signature,
           coalesce(abs(date_part('epoch', clock_timestamp() - s.signed_time)) > 300, false) AS is_stale,
           e.user_id, CASE WHEN e.status = 'active' THEN e.key_fingerprint END AS key_fingerprint,
           CASE WHEN e.status = 'active' AND (s.signature IS NOT NULL OR s.scans AND s.secure_message IS NOT NULL)
                THEN e.public_key END AS public_key,
           CASE WHEN s.scans THEN
               array_remove(ARRAY[p.display_name, s.message,
                   CASE WHEN coalesce(s.ip_address, s.user_agent) IS NOT NULL
                        THEN 'Location: ' || coalesce(s.ip_address, 'unknown') END,
                   'Device: ' || left(regexp_replace(s.user_agent, \(blanks), ' ', 'g'), 160)], NULL) END AS prompt,
           CASE WHEN s.scans THEN s.secure_message END AS secure_message, k.server_key_id, k.secret_key
    FROM leased s
    LEFT JOIN countersign.enrollments e ON e.enrollment_id = s.enrollment AND e.app_id = s.lane
    LEFT JOIN countersign.portals p ON p.portal_id = s.portal_id AND s.scans
    LEFT JOIN countersign.server_keys k
        ON k.server_key_id = e.server_key_id AND s.scans AND s.secure_message IS NOT NULL
    \(mode == .round ? "WHERE s.attempts = 0" : "")
    """
}

/// Spaces of every width, one or many.
private let blanks = #"E'[ \u00A0\u1680\u2000-\u200A\u202F\u205F\u3000]+'"#
