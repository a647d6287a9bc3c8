import Postgres

/// Leases submissions that wait to be judged.
struct ClaimSubmissions: PreparedStatement {
    let lanes: Lanes
    let limit: Int

    typealias Output = ClaimedSubmission

    static let statement = Statement("validate.claim", claimSQL(.round))
    var parameters: [Parameter] { Claim.parameters(lanes, limit: limit) }
}

/// Takes submissions that wait to be judged, in a transaction that is open: leases those whose judgement takes OpenPGP,
/// and holds the others and their requests, with all that the judge asks for.
struct TakeSubmissions: PreparedStatement {
    let lanes: Lanes
    let limit: Int

    struct Output: Sendable {
        let claimed: ClaimedSubmission
        /// Of one that is held.
        let held: HeldSubmission?
    }

    static let statement = Statement("validate.take", takeSQL)
    var parameters: [Parameter] { Claim.parameters(lanes, limit: limit) }

    static func decode(_ row: inout RowReader) throws -> Output {
        // Every column is read, also of a row that is refused for one of the first.
        let claimed = Result { try ClaimedSubmission(&row) }
        let isPlain = try row.bool("is_plain")
        let held = try HeldSubmission(&row) { try claimed.get().key }
        return Output(claimed: try claimed.get(), held: isPlain ? held : nil)
    }
}

/// Leases one submission.
struct ClaimSubmission: PreparedStatement {
    let key: Identifier

    typealias Output = ClaimedSubmission

    static let statement = Statement("validate.claim_alone", claimSQL(.alone))
    var parameters: [Parameter] { [.identifier(key)] }
}

/// Locks nothing for longer than itself and reads what is needed to check a signature and to make a prompt; whatever may
/// change until that is done is read again by `HoldSubmissions`.
private func claimSQL(_ mode: Claim.Mode) -> String {
    """
    WITH RECURSIVE \(Claim.validate.sql(mode)), \(takenSQL),
    \(Claim.validate.leaseSQL(of: "taken", where: mayBeTaken(mode)))
    SELECT \(columnsSQL(mode, leases: "s.leases"))
    FROM leased s
    \(joinsSQL)
    \(mode == .round ? "WHERE s.attempts = 0" : "")
    """
}

private let takeSQL = """
    WITH RECURSIVE \(Claim.validate.sql(.round)), \(takenSQL),
    \(Claim.validate.leaseSQL(
        of: "taken", where: "\(mayBeTaken(.round)) AND NOT t.is_plain", returning: "q.submission_id, q.attempts"))
    SELECT \(columnsSQL(.round, leases: "0::smallint AS leases")), s.is_plain,
           s.seen_id IS NULL OR s.open_until IS NULL OR held.transaction_id IS NOT NULL AS may_be_judged,
           \(HeldSubmission.senderSQL(enrollment: "s.enrollment", scans: "s.action = 'scan'")),
           s.seen_id AS transaction_id, coalesce(held.status, s.status) AS status,
           coalesce(held.secret_digest, s.seen_digest) AS secret_digest,
           CASE WHEN coalesce(held.status, s.status) = 'scanned'
                THEN coalesce(held.enrollment_id, s.seen_enrollment) END AS scanned_by,
           clock_timestamp() >= s.expires_at AS is_due, coalesce(held.prompt, s.seen_prompt) AS prompt,
           \(HeldSubmission.answerSQL(request: "s")),
           coalesce(s.scan_required, false) AS needs_scan,
           \(HeldSubmission.rotationSQL(of: "s.key", request: "s")),
           false AS is_repeated
    FROM taken s
    \(joinsSQL)
    JOIN countersign.apps a ON a.app_id = s.lane
    LEFT JOIN LATERAL (
        SELECT q.transaction_id, q.status, q.secret_digest, q.enrollment_id, q.prompt, q.confirm_number, q.confirmed_at,
               q.refuse_qr, q.code_step
        FROM countersign.auth_requests q
        WHERE s.is_plain AND s.turn_of_all = 1 AND s.open_until IS NOT NULL
          AND q.transaction_id = s.transaction_id\(Days.recent.condition("q.transaction_id")) FOR UPDATE SKIP LOCKED) held
        ON true
    WHERE (s.turn = 1 OR s.open_until IS NULL)
      AND (s.is_plain OR s.key IN (SELECT l.submission_id FROM leased l WHERE l.attempts = 0))
    """

/// Of the submissions of one open request the oldest of each app is taken, for only one may lock the request; the
/// others would be verified again in every batch.
/// None is while what is known here of revoked devices is too old: in a round no lane is served then.
private func mayBeTaken(_ mode: Claim.Mode) -> String {
    "(t.turn = 1 OR t.open_until IS NULL)" + (mode == .alone ? " AND NOT (SELECT countersign.lags())" : "")
}

/// CTE `taken`: what was claimed, with what it says and its request as it is now. An open request of another day is locked
/// by no statement that looks at few: so what is sent for one is not plain.
///
/// Turns are counted before requests are looked up: each column that is carried through the counting is prepared six times.
private let takenSQL = """
    taken AS MATERIALIZED (
        SELECT s.place, s.lane, s.key, s.transaction_id, s.secret_digest, s.enrollment, s.action, s.signed_at,
               s.signed_time, s.prompt_digest, s.signature, s.ip_address AS device_address,
               s.user_agent AS device_agent, s.channel, r.same_network, r.same_country,
               s.channel IS NOT DISTINCT FROM 'link' AND (r.allow_link IS NULL OR r.return_uri IS NULL) AS is_wrong_channel,
               r.open_until, r.expires_at, r.status,
               r.transaction_id AS seen_id, r.secret_digest AS seen_digest, r.enrollment_id AS seen_enrollment,
               r.prompt AS seen_prompt,
               r.status = 'issued' AND s.action = 'scan' AS scans, r.portal_id, r.message, r.user_agent,
               r.language_code, r.auth_type,
               r.ip_address, r.secure_message, r.confirm_number, r.confirm_if_new, r.browser_id, r.scan_required,
               r.refuse_qr, r.confirmed_at, r.code_rotation, r.code_step, r.requested_at,
               s.signature IS NULL AND (r.status = 'issued' AND s.action = 'scan' AND r.secure_message IS NOT NULL)
                   IS NOT TRUE AND (r.open_until IS NULL OR countersign.is_recent(r.transaction_id)) AS is_plain,
               s.turn, s.turn_of_all, s.claimed, s.last
        FROM (
            SELECT c.*, s.*,
                   row_number() OVER (PARTITION BY c.lane, s.transaction_id ORDER BY c.key) AS turn,
                   row_number() OVER (PARTITION BY s.transaction_id ORDER BY c.key) AS turn_of_all,
                   count(*) OVER (PARTITION BY c.lane) AS claimed,
                   max(c.key::text) OVER (PARTITION BY c.lane) AS last
            FROM claimed c
            CROSS JOIN LATERAL (\(Days.recent.row(
                of: "submissions", "submission_id", "c.key", columns: submissionColumns))) s) s
        LEFT JOIN LATERAL (\(Days.recent.row(
            of: "auth_requests", "transaction_id", "s.transaction_id", columns: requestColumns))) r ON true
    )
    """

/// What `takenSQL` reads of submissions and of requests.
private let submissionColumns = [
    "transaction_id", "secret_digest", "enrollment", "action", "signed_at", "signed_time",
    "prompt_digest", "signature", "ip_address", "user_agent", "channel",
]
private let requestColumns = [
    "transaction_id", "same_network", "same_country", "allow_link", "return_uri", "open_until",
    "expires_at", "status", "secret_digest", "enrollment_id", "prompt", "portal_id", "message",
    "user_agent", "language_code", "auth_type", "ip_address", "secure_message", "confirm_number",
    "confirm_if_new", "browser_id", "scan_required", "refuse_qr", "confirmed_at", "code_rotation",
    "code_step", "requested_at",
]

/// What `ClaimedSubmission` reads. Only the keys of active enrollments are worked with.
private func columnsSQL(_ mode: Claim.Mode, leases: String) -> String {
    """
    s.key, s.lane, \(mode == .round ? "(SELECT min(slice) FROM lanes)" : "1") AS slice, s.claimed, s.last::uuid,
           \(leases), clock_timestamp() AS now,
           s.transaction_id, s.secret_digest, s.enrollment, s.action, s.signed_at, s.prompt_digest, s.signature,
           coalesce(abs(date_part('epoch', clock_timestamp() - s.signed_time)) > 300, false) AS is_stale,
           coalesce(s.channel = 'link', false) AS is_by_link, s.is_wrong_channel,
           s.device_address, s.device_agent, s.same_network = 'refuse' AS refuses_network,
           s.same_country, CASE WHEN s.same_country IS NOT NULL THEN s.ip_address END AS visitor_address,
           CASE WHEN s.same_network IS NOT NULL
                THEN countersign.network_match(s.ip_address, s.device_address) END AS network_match,
           CASE WHEN s.action = 'confirm' THEN (
               SELECT CASE WHEN o.held_until > clock_timestamp() THEN 'held' ELSE 'free' END
               FROM countersign.enrollments o
               WHERE o.enrollment_id = s.transaction_id AND o.app_id = s.lane AND o.user_id = e.user_id
                 AND o.status = 'active'
                 AND s.secret_digest = sha256(sha256(convert_to(coalesce(o.public_key, ''), 'UTF8')))) END AS confirmed,
           e.user_id, CASE WHEN e.status = 'active' THEN e.key_fingerprint END AS key_fingerprint,
           CASE WHEN e.status = 'active' AND (s.signature IS NOT NULL OR s.scans AND s.secure_message IS NOT NULL)
                THEN e.public_key END AS public_key,
           CASE WHEN s.scans THEN (
               SELECT p.display_name FROM countersign.portals p WHERE p.portal_id = s.portal_id) END AS display_name,
           CASE WHEN s.scans THEN s.message END AS message,
           CASE WHEN s.scans THEN s.confirm_number END AS confirm_number, s.confirm_if_new,
           s.scans AND s.browser_id IS NOT NULL AS has_browser,
           CASE WHEN s.scans AND s.browser_id IS NOT NULL THEN to_char(countersign.browser_used_at(
               s.lane, e.user_id, s.portal_id, s.browser_id) AT TIME ZONE 'UTC', 'YYYY-MM-DD') END AS browser_used_on,
           CASE WHEN s.scans THEN s.ip_address END AS ip_address,
           CASE WHEN s.scans THEN s.user_agent END AS user_agent,
           CASE WHEN s.scans THEN s.language_code END AS language_code,
           CASE WHEN s.scans THEN (
               -- RFC 4647 section 3.4, as for messages: the longest that fits, else English. Without ORDER BY: sessions
               -- of stages may not sort.
               SELECT (max(ARRAY[CASE WHEN starts_with(s.language_code || '-', m.language_code || '-')
                                      THEN lpad(octet_length(m.language_code)::text, 3, '0') ELSE '' END,
                                 m.visitor_line]) FILTER (
                           WHERE starts_with(s.language_code || '-', m.language_code || '-') OR m.language_code = 'en'))[2]
               FROM countersign.auth_type_messages m
               WHERE m.auth_type = s.auth_type AND m.visitor_line IS NOT NULL) END AS visitor_line,
           CASE WHEN s.scans THEN s.secure_message END AS secure_message, k.server_key_id, k.secret_key
    """
}

private let joinsSQL = """
    LEFT JOIN countersign.enrollments e ON e.enrollment_id = s.enrollment AND e.app_id = s.lane
    LEFT JOIN countersign.server_keys k
        ON k.server_key_id = e.server_key_id AND s.scans AND s.secure_message IS NOT NULL
    """
