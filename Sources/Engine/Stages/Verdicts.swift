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
