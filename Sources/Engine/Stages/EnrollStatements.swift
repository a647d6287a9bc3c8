import Countersign
import Postgres

/// Whether each enrollment gets a pair of its own, and the current shared pair.
struct ReadKeyPolicy: PreparedStatement {
    typealias Output = KeyPolicy

    static let statement = Statement(
        "enroll.read_keys",
        """
        SELECT s.unique_pgp_keys_per_enrollment, k.server_key_id FROM countersign.settings s
        LEFT JOIN countersign.server_keys k ON k.shared AND k.retired_at IS NULL
        """)
}

/// Locks those of the enrollments that nobody else has resolved, or is about to, and returns them.
struct HoldEnrollments: PreparedStatement {
    /// In order.
    let ids: [Identifier]

    var parameters: [Parameter] { [.identifiers(ids)] }
    static func decode(_ row: inout RowReader) throws -> Identifier { try row.identifier("enrollment_id") }

    static let statement = Statement(
        "enroll.hold",
        """
        SELECT e.enrollment_id FROM unnest($1::uuid[]) AS g (id) CROSS JOIN LATERAL (
            SELECT n.enrollment_id FROM countersign.enrollments n
            WHERE n.enrollment_id = g.id AND n.status = 'pending' FOR UPDATE SKIP LOCKED) e
        """)
}

/// Makes the key pair the shared one. Does nothing when there is a current one.
struct InsertSharedKey: PreparedStatement {
    let key: ServerKey

    var parameters: [Parameter] {
        [.identifier(key.id), .text(key.fingerprint), .text(key.publicKey), .bytes(key.sealedSecretKey)]
    }

    static let statement = Statement(
        "enroll.insert_shared_key",
        """
        WITH made AS (
            INSERT INTO countersign.server_keys (server_key_id, shared, fingerprint, public_key, secret_key)
            VALUES ($1, true, $2, $3, $4) ON CONFLICT DO NOTHING RETURNING fingerprint
        )
        INSERT INTO countersign.events (type, details)
        SELECT 'key.created', jsonb_build_object('fingerprint', fingerprint) FROM made
        """)
}

/// Revokes what the enrollments replace. The settings are looked at again: an insert in an old snapshot slips past the
/// trigger. A device keeps what it has when `ResolveEnrollments` is going to refuse the new one. The server's secret
/// key of a replaced enrollment is forgotten with it, unless others share it. OFFSET 0 has each one looked up by
/// its index, where the planner would walk through all active ones.
struct ReplaceEnrollments: PreparedStatement {
    /// Enrollments whose keys are good.
    let accepted: [Identifier]

    var parameters: [Parameter] { [.identifiers(accepted)] }

    static let statement = Statement(
        "enroll.replace",
        """
        WITH new AS MATERIALIZED (
            SELECT e.enrollment_id, e.app_id, e.user_id, e.device_id
            FROM unnest($1::uuid[]) AS g (id)
            CROSS JOIN LATERAL (SELECT * FROM countersign.enrollments n WHERE n.enrollment_id = g.id OFFSET 0) e
            JOIN countersign.apps a USING (app_id), countersign.settings s
            WHERE e.status = 'pending' AND s.enrollment_enabled AND a.enabled
              AND (e.public_key IS NOT NULL OR NOT s.signature_required)
        ), old AS MATERIALIZED (
            SELECT o.enrollment_id, max(n.enrollment_id::text) AS successor
            FROM new n CROSS JOIN LATERAL (
                SELECT e.enrollment_id FROM countersign.enrollments e
                WHERE (e.app_id, e.user_id, e.device_id) = (n.app_id, n.user_id, n.device_id)
                  AND e.status = 'active' AND e.enrollment_id < n.enrollment_id OFFSET 0) o
            GROUP BY o.enrollment_id
        ), replaced AS (
            UPDATE countersign.enrollments e
            SET status = 'revoked', reason = 'replaced', revoked_at = clock_timestamp()
            WHERE e.enrollment_id = ANY (ARRAY(SELECT enrollment_id FROM old)) AND e.status = 'active'
            RETURNING e.enrollment_id, e.app_id, e.user_id, e.key_fingerprint, e.server_key_id
        ), forgotten AS (
            UPDATE countersign.server_keys k SET secret_key = NULL
            WHERE k.server_key_id = ANY (ARRAY(SELECT server_key_id FROM replaced)) AND NOT k.shared
        )
        INSERT INTO countersign.events (enrollment_id, app_id, user_id, type, details)
        SELECT enrollment_id, app_id, user_id, 'enrollment.replaced',
               jsonb_strip_nulls(jsonb_build_object('key_fingerprint', key_fingerprint,
                                                    'replaced_by', successor))
        FROM replaced JOIN old USING (enrollment_id)
        """)
}

/// Makes enrollments active or rejected, and tells their apps. An active one takes one of its user's places, as many as
/// the app allows; the unique index has workers who take the same one at the same moment try again. The text of a
/// refused key is forgotten: it may be a secret one, sent by mistake.
struct ResolveEnrollments: PreparedStatement {
    let answers: [KeyExchange]

    /// $1 ids, $2 refusals of keys, $3 the devices' fingerprints, $4 server keys, and of those that were made for
    /// one enrollment $5 fingerprints, $6 public keys, $7 sealed secret keys.
    var parameters: [Parameter] {
        [
            .identifiers(answers.map(\.key)), .texts(answers.map(\.refusal)),
            .texts(answers.map(\.fingerprint)), .optionalIdentifiers(answers.map(\.serverKeyID)),
            .texts(answers.map { $0.made?.fingerprint }), .texts(answers.map { $0.made?.publicKey }),
            .optionalByteses(answers.map { $0.made?.sealedSecretKey }),
        ]
    }

    static let statement = Statement(
        "enroll.resolve",
        """
        WITH examined AS MATERIALIZED (
            SELECT e.enrollment_id, e.app_id, e.user_id, e.device_id, a.max_devices_per_user, a.enrollment_hold, g.fingerprint, g.server_key_id,
                   g.server_fingerprint, g.server_key, g.secret_key,
                   CASE WHEN NOT s.enrollment_enabled THEN 'enrollment is disabled'
                        WHEN NOT a.enabled THEN 'this app is disabled'
                        WHEN e.public_key IS NULL AND s.signature_required THEN 'public_key is missing'
                        WHEN g.refusal IS NOT NULL THEN g.refusal
                        WHEN row_number() OVER (PARTITION BY e.app_id, e.user_id, e.device_id, g.refusal IS NULL
                                                ORDER BY e.enrollment_id DESC) > 1
                             -- Whose batch was faster.
                             OR EXISTS (SELECT FROM countersign.enrollments n
                                        WHERE (n.app_id, n.user_id, n.device_id) = (e.app_id, e.user_id, e.device_id)
                                          AND n.status = 'active' AND n.enrollment_id > e.enrollment_id)
                            THEN 'replaced by a later enrollment of the same device'
                   END AS refusal
            FROM unnest($1::uuid[], $2::text[], $3::text[], $4::uuid[], $5::text[], $6::text[], $7::bytea[])
                     AS g (id, refusal, fingerprint, server_key_id, server_fingerprint, server_key, secret_key)
            CROSS JOIN LATERAL (SELECT * FROM countersign.enrollments n WHERE n.enrollment_id = g.id OFFSET 0) e
            JOIN countersign.apps a USING (app_id), countersign.settings s
            WHERE e.status = 'pending'
        ), placed AS MATERIALIZED (
            SELECT x.enrollment_id,
                   (SELECT place FROM generate_series(1, x.max_devices_per_user) AS place
                    WHERE place <> ALL (taken.slots) ORDER BY place OFFSET x.nth - 1 LIMIT 1) AS slot,
                   taken.devices + x.nth > x.max_devices_per_user AS is_beyond,
                   CASE WHEN x.enrollment_hold IS NULL THEN NULL
                        WHEN before.is_same_key THEN before.held_until
                        WHEN x.nth > 1 OR others.are
                        THEN clock_timestamp() + make_interval(secs => x.enrollment_hold) END AS held_until
            FROM (SELECT *, row_number() OVER (PARTITION BY app_id, user_id ORDER BY enrollment_id) AS nth
                  FROM examined WHERE refusal IS NULL) AS x
            CROSS JOIN LATERAL (
                SELECT count(*) AS devices, coalesce(array_agg(n.slot) FILTER (WHERE n.slot IS NOT NULL), '{}') AS slots
                FROM countersign.enrollments n
                WHERE n.app_id = x.app_id AND n.user_id = x.user_id AND n.status = 'active') AS taken
            -- What this one replaces, and whether the user has had any other device.
            LEFT JOIN LATERAL (
                SELECT n.held_until, n.reason = 'replaced' AND n.key_fingerprint = x.fingerprint AS is_same_key
                FROM countersign.enrollments n
                WHERE x.enrollment_hold IS NOT NULL AND n.app_id = x.app_id AND n.user_id = x.user_id
                  AND n.device_id = x.device_id AND n.activated_at IS NOT NULL
                ORDER BY n.enrollment_id DESC LIMIT 1) AS before ON true
            CROSS JOIN LATERAL (
                SELECT x.enrollment_hold IS NOT NULL AND EXISTS (
                    SELECT FROM countersign.enrollments n
                    WHERE n.app_id = x.app_id AND n.user_id = x.user_id AND n.activated_at IS NOT NULL) AS are) AS others
        ), verdict AS MATERIALIZED (
            SELECT x.enrollment_id, x.fingerprint, x.server_key_id, x.server_fingerprint, x.server_key, x.secret_key, p.slot, p.held_until,
                   coalesce(x.refusal, CASE WHEN p.is_beyond OR p.slot IS NULL THEN format(
                       'this user has %s devices, which is the limit: revoke one first', x.max_devices_per_user) END)
                       AS refusal
            FROM examined x LEFT JOIN placed p USING (enrollment_id)
        ), made AS (
            INSERT INTO countersign.server_keys (server_key_id, fingerprint, public_key, secret_key)
            SELECT server_key_id, server_fingerprint, server_key, secret_key FROM verdict
            WHERE refusal IS NULL AND server_key IS NOT NULL
        ), resolved AS (
            UPDATE countersign.enrollments e
            SET status = CASE WHEN v.refusal IS NULL THEN 'active' ELSE 'rejected' END, reason = v.refusal,
                activated_at = CASE WHEN v.refusal IS NULL THEN clock_timestamp() END,
                slot = CASE WHEN v.refusal IS NULL THEN v.slot END,
                held_until = CASE WHEN v.refusal IS NULL THEN v.held_until END,
                public_key = CASE WHEN v.refusal IS NULL THEN e.public_key END,
                key_fingerprint = v.fingerprint,
                server_key_id = CASE WHEN v.refusal IS NULL THEN v.server_key_id END
            FROM verdict v WHERE e.enrollment_id = v.enrollment_id
            RETURNING e.enrollment_id, e.app_id, e.user_id, e.device_id, e.status, e.reason, e.key_fingerprint,
                      e.held_until
        ), audited AS (
            INSERT INTO countersign.events (enrollment_id, app_id, user_id, type, details)
            SELECT enrollment_id, app_id, user_id, 'enrollment.' || status,
                   jsonb_strip_nulls(jsonb_build_object('device_id', device_id, 'reason', reason,
                                                        'key_fingerprint', key_fingerprint)) FROM resolved
            UNION ALL
            SELECT enrollment_id, app_id, user_id, 'enrollment.held',
                   jsonb_build_object('device_id', device_id, 'held_until', held_until) FROM resolved
            WHERE held_until IS NOT NULL
        ), told AS (
            SELECT app_id, enrollment_id, status FROM resolved
            UNION ALL
            -- The user's older devices.
            SELECT DISTINCT o.app_id, o.enrollment_id, 'asked' FROM resolved r
            CROSS JOIN LATERAL (
                SELECT n.app_id, n.enrollment_id FROM countersign.enrollments n
                WHERE n.app_id = r.app_id AND n.user_id = r.user_id AND n.status = 'active'
                  AND (n.held_until > clock_timestamp()) IS NOT TRUE AND n.enrollment_id <> r.enrollment_id) AS o
            WHERE r.held_until IS NOT NULL
        )
        SELECT countersign.tell_apps(array_agg(app_id), array_agg(enrollment_id), array_agg(status))
        FROM told HAVING count(*) > 0
        """)
}

/// Rejects an enrollment that broke its batch five times.
struct RejectEnrollment: PreparedStatement {
    let key: Identifier

    var parameters: [Parameter] { [.identifier(key)] }

    static let statement = Statement(
        "enroll.reject",
        """
        WITH rejected AS (
            UPDATE countersign.enrollments
            SET status = 'rejected', reason = 'internal error; enroll again', public_key = NULL
            WHERE enrollment_id = $1 AND status = 'pending' RETURNING app_id, enrollment_id, user_id, reason
        ), audited AS (
            INSERT INTO countersign.events (enrollment_id, app_id, user_id, type, details)
            SELECT enrollment_id, app_id, user_id, 'enrollment.rejected', jsonb_build_object('reason', reason)
            FROM rejected
        )
        SELECT countersign.tell_apps(array_agg(app_id), array_agg(enrollment_id), '{rejected}')
        FROM rejected HAVING count(*) > 0
        """)
}
