import Countersign
import Postgres

/// Refuses a submission that broke its batch five times, and ends its request if the code was right (somebody
/// else's submission must not end it). One that somebody else holds is left to whoever that is, or to its time.
struct GiveUpSubmission: PreparedStatement {
    let key: Identifier

    var parameters: [Parameter] { [.identifier(key)] }

    static let statement = Statement(
        "validate.give_up",
        """
        WITH gone AS (
            DELETE FROM countersign.validate_queue q WHERE \(Claim.validate.isNamed) RETURNING submission_id
        ), refused AS (
            UPDATE countersign.submissions s SET status = 'rejected', reason = 'malformed', resolved_at = clock_timestamp()
            FROM gone g WHERE s.submission_id = g.submission_id
            RETURNING s.transaction_id, s.secret_digest
        ), held AS MATERIALIZED (
            SELECT r.transaction_id FROM refused JOIN countersign.auth_requests r USING (transaction_id, secret_digest)
            FOR UPDATE OF r SKIP LOCKED
        )
        SELECT FROM held, countersign.end_requests(ARRAY[held.transaction_id], ARRAY['failed']) AS ended
        """)
}

/// The request that a submission answers; nil when its code was none.
struct ReadTransaction: PreparedStatement {
    let submission: Identifier

    static let statement = Statement(
        "validate.transaction",
        "SELECT transaction_id FROM countersign.submissions WHERE submission_id = $1")
    var parameters: [Parameter] { [.identifier(submission)] }

    static func decode(_ row: inout RowReader) throws -> Identifier? {
        try row.optionalIdentifier("transaction_id")
    }
}
