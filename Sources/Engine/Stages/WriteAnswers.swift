import Postgres

/// Writes what `WriteVerdicts` writes of answers that end their requests, and of nothing else: no rejection, no confirmation. Most
/// verdicts are such answers, or the first scans that `WriteScans` writes, and a batch of 4 takes three quarters of the
/// instructions so.
///
/// Refuses the whole with `SQLState.notAll` when one came too late meanwhile, or is of another day: then `WriteVerdicts` has to
/// write them all.
struct WriteAnswers: PreparedStatement {
    let verdicts: VerdictRows

    var parameters: [Parameter] {
        [
            .identifiers(verdicts.submissions),
            .identifiers(verdicts.transactions),
            .identifiers(verdicts.enrollments),
            .texts(verdicts.effects),
            .bools(verdicts.fingerprints.map { $0 != nil }),
            .texts(verdicts.fingerprints),
            .texts(verdicts.countries),
            .optionalByteses(verdicts.signatures),
        ]
    }

    static func decode(_ row: inout RowReader) throws { try row.skip("told_apps") }

    /// Requests end before their submissions change, of which the end reads the evidence: IN sees to that. What waits has no
    /// reason, detail or kept signature.
    static let statement = Statement(
        "validate.write_answers",
        """
        WITH ended AS MATERIALIZED (
            SELECT ended AS transaction_id
            FROM countersign.end_requests($2::uuid[], $4::text[], $3::uuid[], $1::uuid[], $5::boolean[], $6::text[],
                                          $7::text[], $8::bytea[]) AS ended
        ), resolved AS (
            UPDATE countersign.submissions s
            SET status = 'accepted', resolved_at = clock_timestamp(), ip_address = NULL, user_agent = NULL,
                enrollment_id = NULL, signed_at = NULL, signed_time = NULL, prompt_digest = NULL, signature = NULL,
                secret_digest = NULL
            FROM unnest($1::uuid[], $2::uuid[]) AS v (submission_id, transaction_id)
            WHERE s.submission_id = v.submission_id\(Days.recent.condition("s.submission_id"))
              AND v.transaction_id IN (SELECT e.transaction_id FROM ended e)
            RETURNING s.submission_id, s.app_id
        ), \(VerdictRows.goneSQL)
        SELECT CASE WHEN cardinality(r.ids) = cardinality($1::uuid[])
                    THEN countersign.tell_apps(r.apps, r.ids, array_fill('accepted'::text, ARRAY[cardinality(r.ids)]))
                    ELSE countersign.refuse('\(SQLState.notAll)', 'an answer came too late, or is of another day')
                    END AS told_apps
        FROM (SELECT ARRAY(SELECT app_id FROM resolved) AS apps, ARRAY(SELECT submission_id FROM resolved) AS ids
              OFFSET 0) AS r
        """)
}
