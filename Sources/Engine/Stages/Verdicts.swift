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

    /// `apart`: whether scans and answers, where there is nothing else, have statements of their own, which write nothing when
    /// they cannot write all.
    func steps(_ days: Days, apart: Bool) -> [Step] {
        var steps: [Step] = []
        let (scans, answers) = (columns.scans, columns.answers)
        if apart, days == .recent, scans.count + answers.count == columns.count {
            if scans.count > 0 { steps.append(Step(WriteScans(verdicts: scans))) }
            if answers.count > 0 { steps.append(Step(WriteAnswers(verdicts: answers))) }
        } else if columns.count > 0 {
            steps.append(Step(WriteVerdicts(verdicts: columns, days: days)))
        }
        if !judge.crowded.isEmpty { steps.append(Step(EndOldestScans(enrollments: judge.crowded))) }
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
        (isByLink, isInWrongChannel) = (claimed.isByLink, claimed.isInWrongChannel)
        isInRefusedNetwork = claimed.refusesOtherNetwork && claimed.network == .other
        confirmed = claimed.confirmed
        isInRefusedCountry = claimed.sameCountry == "refuse" && checked.country == .other
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

/// Ends the oldest open scans of devices that have more than four, as cancelled, so that the newest four are left. One that
/// a portal holds at this moment is passed over: it is about to end it.
struct EndOldestScans: PreparedStatement {
    let enrollments: Set<Identifier>

    var parameters: [Parameter] {
        [.identifiers(enrollments.sorted()), .int32(Int32(Judge.openScansAllowed))]
    }

    static let statement = Statement(
        "validate.end_oldest_scans",
        """
        WITH held AS MATERIALIZED (
            SELECT held.transaction_id, held.portal_id, held.app_id, held.enrollment_id
            FROM unnest($1::uuid[]) AS g (enrollment)
            CROSS JOIN LATERAL (
                SELECT o.transaction_id FROM countersign.auth_requests o WHERE o.open_scan_by = g.enrollment
                  AND countersign.is_recent(o.transaction_id)
                ORDER BY o.scanned_at DESC, o.transaction_id DESC OFFSET $2::integer) AS older
            CROSS JOIN LATERAL (
                SELECT r.transaction_id, r.portal_id, r.app_id, r.enrollment_id FROM countersign.auth_requests r
                WHERE r.transaction_id = older.transaction_id AND countersign.is_recent(r.transaction_id)
                  AND r.resolved_at IS NULL
                FOR UPDATE SKIP LOCKED) AS held
        ), audited AS (
            INSERT INTO countersign.events (transaction_id, enrollment_id, portal_id, app_id, user_id, type)
            SELECT h.transaction_id, h.enrollment_id, h.portal_id, e.app_id, e.user_id, 'request.displaced'
            FROM held h JOIN countersign.enrollments e USING (enrollment_id)
        )
        SELECT FROM (SELECT array_agg(transaction_id) AS ids, array_fill('cancelled'::text, ARRAY[count(*)::integer]) AS ends
                     FROM held HAVING count(*) > 0) AS b,
             countersign.end_requests(b.ids, b.ends) AS ended
        """)
}
