import Countersign
import Postgres

/// The verdicts of a batch, a column each, as the writing statement takes them.
struct VerdictColumns {
    var submissions: [Identifier] = []
    var transactions: [Identifier] = []
    var enrollments: [Identifier] = []
    var effects: [String] = []
    var reasons: [String?] = []
    var prompts: [String?] = []
    var fingerprints: [String?] = []
    var signed: [String?] = []
    var details: [String?] = []

    var count: Int { submissions.count }

    /// Effects: `reject`, `scan`, `scan_again`, `answered_before`, `await_confirmation`, and the ends `authenticated` and
    /// `denied`.
    mutating func append(_ verdict: Verdict, of candidate: Candidate, _ checked: CheckedSubmission) {
        submissions.append(candidate.submissionID)
        transactions.append(checked.claimed.text.transactionID)
        enrollments.append(candidate.enrollmentID)
        let (effect, reason, prompt): (String, RejectionReason?, String?) =
            switch verdict {
            case .rejected(let reason): ("reject", reason, nil)
            case .scan(let prompt): ("scan", nil, prompt)
            case .scanAgain(let prompt): ("scan_again", nil, prompt)
            case .answeredBefore: ("answered_before", nil, nil)
            case .awaitConfirmation: ("await_confirmation", nil, nil)
            case .end(let accepted): (accepted ? "authenticated" : "denied", nil, nil)
            }
        effects.append(effect)
        reasons.append(reason?.rawValue)
        prompts.append(prompt)
        fingerprints.append(candidate.signature.fingerprint)
        signed.append(effect == "scan" ? checked.signed : nil)
        details.append(reason.flatMap { checked.detail(of: $0, candidate) })
    }

    var parameters: [Parameter] {
        [
            .identifiers(submissions), .identifiers(transactions), .identifiers(enrollments),
            .texts(effects), .texts(reasons), .texts(prompts), .texts(fingerprints), .texts(signed),
            .texts(details),
        ]
    }
}

extension CheckedSubmission {
    /// What differs, in words, for the app's developer; nil where the reason says all.
    fileprivate func detail(of reason: RejectionReason, _ candidate: Candidate) -> String? {
        switch reason {
        case .invalidSignature:
            return signature == .missing ? "the submission has no signature" : refusal
        case .staleSignature:
            let time = claimed.time.description.prefix(19) + "Z"
            guard claimed.hasTime else { return "signed_at is missing, and the time here was \(time)" }
            return
                "signed_at is \(claimed.text.signedAt), and the time here was \(time): at most 5 minutes apart"
        case .wrongPrompt:
            if candidate.request?.isConfirmed != nil, candidate.request?.prompt == nil {
                return "the prompt of this type shows a number: scan first, and show it"
            }
            // Not what it should be: an app could sign that without having shown the prompt.
            let given = candidate.promptDigest ?? SubmissionText.noPrompt
            return "prompt_digest, line 7, is \(given): it must be the SHA-256 of the prompt that the scan "
                + "returned, and \(SubmissionText.noPrompt) for a scan and where there was none"
        default: return nil
        }
    }
}
