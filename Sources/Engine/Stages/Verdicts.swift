import Countersign
import Postgres

/// Judges the submissions of one transaction, in the order of their ids, and writes what came of it.
struct Verdicts {
    private var judge: Judge
    private var columns = VerdictColumns()

    init(_ switches: Judge.Switches) { judge = Judge(switches) }

    /// Of those that were judged.
    var submissions: [Identifier] { columns.submissions }
    var transactions: [Identifier] { columns.transactions }

    /// One that may not be judged now is left for a later batch.
    mutating func judge(_ submission: CheckedSubmission, _ held: HeldSubmission) {
        guard held.mayBeJudged else { return }
        let candidate = Candidate(submission, held)
        columns.append(judge.judge(candidate), of: candidate, submission)
    }

    var steps: [Step] {
        var steps: [Step] = []
        if columns.count > 0 { steps.append(Step(WriteVerdicts(verdicts: columns))) }
        if !judge.wrongCodes.isEmpty { steps.append(Step(AddWrongCodes(counts: judge.wrongCodes))) }
        return steps
    }
}

extension Candidate {
    init(_ checked: CheckedSubmission, _ held: HeldSubmission) {
        let claimed = checked.claimed
        self.init(
            submissionID: claimed.key, appEnabled: held.appEnabled, enrollmentID: claimed.text.enrollmentID,
            action: claimed.text.action, secretDigest: claimed.text.secretDigest,
            promptDigest: claimed.text.promptDigest, isStale: claimed.isStale, signature: checked.signature,
            newPrompt: checked.newPrompt, enrollment: held.enrollment, request: held.request)
    }
}

/// Remembers the last ten wrong codes of each enrollment, and locks it for ten minutes when all ten came
/// within ten minutes. Rows are taken one by one in the order that they are given in, so that two workers cannot deadlock,
/// and counted as they are once they are held: the snapshot may be older than what the other worker has added. (Sessions
/// of stages may not sort, and an ORDER BY walked over all enrollments for it.)
struct AddWrongCodes: PreparedStatement {
    /// By enrollment.
    let counts: [Identifier: Int]

    var parameters: [Parameter] {
        let ordered = counts.sorted { $0.key < $1.key }
        return [
            .identifiers(ordered.map(\.key)),
            .int32s(ordered.map { Int32(min($0.value, Judge.wrongCodesAllowed)) }),
        ]
    }

    static let statement = Statement(
        "validate.add_wrong_codes",
        """
        WITH held AS MATERIALIZED (
            SELECT e.enrollment_id, e.app_id, e.user_id, e.locked_until, e.wrong_codes, c.wrong
            FROM unnest($1::uuid[], $2::integer[]) AS c (enrollment_id, wrong) CROSS JOIN LATERAL (
                SELECT * FROM countersign.enrollments e WHERE e.enrollment_id = c.enrollment_id FOR UPDATE) AS e
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
}
