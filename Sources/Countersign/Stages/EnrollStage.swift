package import Postgres

/// `pending -> active | rejected`. An enrollment of the same user and device replaces the one before it, which
/// becomes `revoked` with the reason `replaced`.
package struct EnrollStage: Stage, Repair {
    package let name = StageName.enroll
    package let claim = Claim.enroll
    package private(set) var lanes = Lanes()

    package init() {}

    package var repair: (any Repair)? { self }
    package mutating func lookAtEverything() { lanes.forget() }

    package mutating func runBatch(
        _ connection: inout Connection, prelude: [Step], limit: Int
    ) async throws -> (prelude: [Rows], outcome: BatchOutcome) {
        let opening = prelude + [Step(.begin), Step(Self.claimBatch, Claim.parameters(lanes, limit: limit))]
        let results = try await connection.pipeline(opening)
        let claimed = try results[opening.count - 1].map { row in
            (key: try row.identifier(0), lane: Int32(try row.int(1)), slice: Int(try row.int(2)))
        }
        try await finish(claimed.map(\.key), &connection)
        let shares = Dictionary(grouping: claimed, by: \.lane).values.map { rows in
            Lanes.Share(lane: rows[0].lane, claimed: rows.count, last: rows[rows.count - 1].key)
        }.inServingOrder(after: lanes.lastServed)
        let full = lanes.advance(shares, slice: claimed.first?.slice ?? 1, limit: limit)
        return (Array(results.prefix(prelude.count)), BatchOutcome(rows: claimed.count, full: full))
    }

    package func runAlone(_ key: Identifier, _ connection: inout Connection) async throws {
        try await connection.pipeline([Step(.begin), Step(Self.claimAlone, [.identifier(key)])])
        try await finish([key], &connection)
    }

    package func giveUp(_ key: Identifier, _ connection: inout Connection) async throws {
        try await connection.run(Self.reject, [.identifier(key)])
    }

    /// The replaced enrollments go first: the unique index allows one active one at any moment.
    private func finish(_ keys: [Identifier], _ connection: inout Connection) async throws {
        guard !keys.isEmpty else {
            try await connection.run(.commit)
            return
        }
        try await connection.pipeline([
            Step(Self.replace, [.identifiers(keys)]), Step(Self.resolve, [.identifiers(keys)]), Step(.commit),
        ])
    }
}

extension EnrollStage {
    package static let claimBatch = Statement(
        "enroll.claim",
        "WITH RECURSIVE \(Claim.enroll.sql(.round)) SELECT key, lane, (SELECT min(slice) FROM lanes) FROM claimed"
    )
    package static let claimAlone = Statement(
        "enroll.claim_alone", "WITH \(Claim.enroll.sql(.alone)) SELECT key FROM claimed")

    /// $1 ids. The settings are looked at again: an insert in an old snapshot slips past the trigger. A device
    /// keeps what it has when `resolve` is going to refuse the new one.
    package static let replace = Statement(
        "enroll.replace",
        """
        WITH replaced AS (
            UPDATE countersign.enrollments old
            SET status = 'revoked', reason = 'replaced', revoked_at = clock_timestamp()
            FROM countersign.enrollments new JOIN countersign.apps a USING (app_id), countersign.settings s
            WHERE new.enrollment_id = ANY ($1::uuid[]) AND new.status = 'pending' AND s.enrollment_enabled
              AND a.enabled AND (new.public_key IS NOT NULL OR NOT s.signature_required)
              AND (old.app_id, old.user_id, old.device_id) = (new.app_id, new.user_id, new.device_id)
              AND old.status = 'active'
            RETURNING old.enrollment_id, old.app_id, old.user_id
        )
        INSERT INTO countersign.events (enrollment_id, app_id, user_id, type)
        SELECT DISTINCT enrollment_id, app_id, user_id, 'enrollment.replaced' FROM replaced
        """)

    package static let resolve = Statement(
        "enroll.resolve",
        """
        WITH verdict AS (
            SELECT e.enrollment_id,
                   CASE WHEN NOT s.enrollment_enabled THEN 'enrollment is disabled'
                        WHEN NOT a.enabled THEN 'this app is disabled'
                        WHEN e.public_key IS NULL AND s.signature_required THEN 'public_key is missing'
                        WHEN row_number() OVER (PARTITION BY e.app_id, e.user_id, e.device_id
                                                ORDER BY e.enrollment_id DESC) > 1
                            THEN 'replaced by a later enrollment of the same device'
                   END AS refusal
            FROM countersign.enrollments e JOIN countersign.apps a USING (app_id), countersign.settings s
            WHERE e.enrollment_id = ANY ($1::uuid[]) AND e.status = 'pending'
        ), resolved AS (
            UPDATE countersign.enrollments e
            SET status = CASE WHEN v.refusal IS NULL THEN 'active' ELSE 'rejected' END, reason = v.refusal,
                activated_at = CASE WHEN v.refusal IS NULL THEN clock_timestamp() END
            FROM verdict v WHERE e.enrollment_id = v.enrollment_id
            RETURNING e.enrollment_id, e.app_id, e.user_id, e.status, e.reason
        ), audited AS (
            INSERT INTO countersign.events (enrollment_id, app_id, user_id, type, details)
            SELECT enrollment_id, app_id, user_id, 'enrollment.' || status,
                   jsonb_strip_nulls(jsonb_build_object('reason', reason)) FROM resolved
        )
        SELECT countersign.tell_apps(array_agg(app_id), array_agg(enrollment_id), array_agg(status))
        FROM resolved HAVING count(*) > 0
        """)

    package static let reject = Statement(
        "enroll.reject",
        """
        WITH rejected AS (
            UPDATE countersign.enrollments SET status = 'rejected', reason = 'internal error; enroll again'
            WHERE enrollment_id = $1 AND status = 'pending' RETURNING app_id, enrollment_id
        )
        SELECT countersign.tell_apps(array_agg(app_id), array_agg(enrollment_id), '{rejected}')
        FROM rejected HAVING count(*) > 0
        """)
}
