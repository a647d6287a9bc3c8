package import Postgres

/// Gives a code to each request of a batch. A row for each lane that was served.
package struct IssueBatch: StatementForDays {
    let lanes: Lanes
    let secrets: CodeSecrets
    package let days: Days

    /// As many requests at most as there are secrets.
    package init(lanes: Lanes, secrets: CodeSecrets, days: Days = .any) {
        (self.lanes, self.secrets, self.days) = (lanes, secrets, days)
    }

    package typealias Output = IssuedLane

    package static let recent = Statement("issue.batch", issueSQL(.round, .recent))
    package static let any = Statement("issue.batch_of_any_day", issueSQL(.round, .any))

    package var parameters: [Parameter] {
        Claim.parameters(lanes, limit: secrets.count) + secrets.parameters
    }
}

/// Gives a code to one request.
struct IssueAlone: PreparedStatement {
    let key: Identifier
    /// One.
    let secret: CodeSecrets

    typealias Output = IssuedLane

    static let statement = Statement("issue.alone", issueSQL(.alone, .any))
    var parameters: [Parameter] { [.identifier(key)] + secret.parameters }
}

/// What a batch has done in one lane.
package struct IssuedLane: RowReadable, Sendable {
    package let share: Lanes.Share
    package let slice: Int
    /// In the first row, the requests of all lanes that got a code.
    let issued: [Identifier]
    /// Of the claimed, how many are not of these days and still wait.
    let older: Int
    let now: Timestamp

    package init(_ row: inout RowReader) throws {
        share = Lanes.Share(
            lane: Int32(try row.int("lane")), claimed: try row.int("claimed"),
            last: try row.identifier("last"))
        slice = try row.int("slice")
        try row.skip("told")
        issued = try row.optionalIdentifiers("issued") ?? []
        older = try row.int("older")
        now = try row.timestamp("now")
    }
}

/// Takes a request out of the queue for codes, unless somebody holds it: a portal that cancels it, who takes it out itself.
struct DropQueuedRequest: PreparedStatement {
    let key: Identifier

    static let statement = Statement(
        "issue.drop_broken",
        """
        DELETE FROM countersign.issue_queue
        WHERE ctid = (SELECT q.ctid FROM countersign.issue_queue q WHERE \(Claim.issue.isNamed) FOR UPDATE SKIP LOCKED)
        """)
    var parameters: [Parameter] { [.identifier(key)] }
}

/// The queue row is what locks: cancel_request takes it before the request, so a request whose queue row is
/// ours is held by nobody that we could wait for. A request that expired or ended meanwhile, or one that
/// slipped past the switch in an old snapshot, loses its queue row and is left to the expire stage.
///
/// Its commit does not wait for the disk: a lone caller's code came 0.25 ms later. Nobody has such a code before a commit
/// that does wait, that of its collection, and what a server writes it writes in order. If it crashes before, the
/// request is in its queue again and gets another code (`ForgottenCodeTests`).
private func issueSQL(_ mode: Claim.Mode, _ days: Days) -> String {
    let first = Claim.parameterCount(mode) + 1
    return """
        WITH RECURSIVE \(Claim.issue.sql(mode)), gone AS (
            DELETE FROM countersign.issue_queue
            WHERE ctid = ANY (ARRAY(SELECT place FROM claimed WHERE NOT \(days.isOutside("key"))))
        ), numbered AS (
            SELECT key, (row_number() OVER ())::integer AS n FROM claimed
        ), issued AS (
            UPDATE countersign.auth_requests r
            SET status = 'issued', issued_at = clock_timestamp(),
                secret_digest = CASE WHEN r.code_rotation IS NULL THEN ($\(first + 1)::bytea[])[n]
                    ELSE countersign.hash_chain(($\(first)::bytea[])[n],
                             countersign.code_steps(r.expires_at - r.requested_at, r.code_rotation)) END
            FROM numbered, countersign.settings s
            WHERE r.transaction_id = numbered.key\(days.condition("r.transaction_id")) AND r.status = 'requested'
              AND r.expires_at > clock_timestamp() AND s.mobile_authentication_enabled
            RETURNING r.transaction_id, r.portal_id, r.expires_at, n
        ), stored AS (
            INSERT INTO countersign.otp_secrets (transaction_id, expires_at, portal_id, secret)
            SELECT transaction_id, expires_at, portal_id, ($\(first)::bytea[])[n] FROM issued
        ), told AS (
            SELECT countersign.tell_portals(array_agg(portal_id), array_agg(transaction_id),
                                            array_fill('issued'::text, ARRAY[count(*)::integer])),
                   set_config('synchronous_commit', 'off', true)
            FROM issued HAVING count(*) > 0
        )
        \(Claim.sharesSQL(mode)), (SELECT count(*) FROM told) AS told,
            CASE WHEN row_number() OVER () = 1 THEN (SELECT array_agg(transaction_id) FROM issued) END AS issued,
            count(*) FILTER (WHERE \(days.isOutside("key"))) AS older,
            clock_timestamp() AS now
        FROM claimed GROUP BY lane
        """
}
