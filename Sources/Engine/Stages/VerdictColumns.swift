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
    var signed: [[UInt8]?] = []
    var details: [String?] = []
    /// The digest of the code that was scanned, where that is a later one than the stored.
    var laterCodes: [[UInt8]?] = []
    var steps: [Int32] = []
    var networks: [String?] = []
    var countries: [String?] = []
    /// Of the devices, as their app's back end sees them.
    var addresses: [String?] = []
    var agents: [String?] = []
    /// Of scans whose request has a browser.
    var browsersKnown: [Bool?] = []
    /// As `KeptSignature` has them.
    var signatures: [[UInt8]?] = []
    /// Of first scans, whether the code came by a link.
    var linked: [Bool?] = []

    var count: Int { submissions.count }
    /// Those that end their requests.
    var answers: VerdictRows { rows(where: { effects[$0] == "authenticated" || effects[$0] == "denied" }) }
    /// The first scans, of the code that is stored.
    var scans: VerdictRows { rows(where: { effects[$0] == "scan" && laterCodes[$0] == nil }) }

    private func rows(where isWanted: (Int) -> Bool) -> VerdictRows {
        VerdictRows(columns: self, places: effects.indices.filter(isWanted))
    }

    /// Effects: `reject`, `scan`, `scan_again`, `scan_later`, `answered_before`, `await_confirmation`,
    /// `confirm` (an enrollment), and the ends
    /// `authenticated` and `denied`.
    mutating func append(_ verdict: Verdict, of candidate: Candidate, _ checked: CheckedSubmission) {
        submissions.append(candidate.submissionID)
        transactions.append(checked.claimed.text.transactionID)
        enrollments.append(candidate.enrollmentID)
        let (effect, reason, prompt, later): (String, RejectionReason?, String?, Int) =
            switch verdict {
            case .rejected(let reason): ("reject", reason, nil, 0)
            case .scan(let prompt, let later): ("scan", nil, prompt, later)
            case .scanAgain(let prompt, let later):
                (later > 0 ? "scan_later" : "scan_again", nil, prompt, later)
            case .answeredBefore: ("answered_before", nil, nil, 0)
            case .awaitConfirmation: ("await_confirmation", nil, nil, 0)
            case .confirm: ("confirm", nil, nil, 0)
            case .end(let accepted): (accepted ? "authenticated" : "denied", nil, nil, 0)
            }
        laterCodes.append(later > 0 ? candidate.secretDigest : nil)
        steps.append(Int32(later))
        browsersKnown.append(effect == "scan" ? checked.claimed.prompt?.words.browser?.isKnown : nil)
        linked.append(effect == "scan" ? candidate.isByLink : nil)
        networks.append(checked.claimed.network?.rawValue)
        // Who tells no address with the answer has told one with the scan, or it is unknown.
        let isTold = checked.claimed.deviceAddress != nil || candidate.action == .scan
        countries.append(isTold ? checked.country?.rawValue : nil)
        addresses.append(checked.claimed.deviceAddress)
        agents.append(checked.claimed.deviceAgent)
        effects.append(effect)
        reasons.append(reason?.rawValue)
        prompts.append(prompt)
        fingerprints.append(candidate.signature.fingerprint)
        signed.append(effect == "scan" || effect == "scan_later" ? checked.signed : nil)
        signatures.append(
            reason == nil ? checked.claimed.signature.map(KeptSignature.bytes) : nil)
        details.append(reason.flatMap { checked.detail(of: $0, candidate) })
    }

    var parameters: [Parameter] {
        [
            .identifiers(submissions), .identifiers(transactions), .identifiers(enrollments),
            .texts(effects), .texts(reasons), .texts(prompts), .texts(fingerprints),
            .optionalByteses(signed), .texts(details), .optionalByteses(laterCodes), .int32s(steps),
            .optionalBools(browsersKnown), .texts(networks), .texts(addresses), .texts(agents),
            .texts(countries), .optionalByteses(signatures),
            .optionalBools(linked),
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
            if candidate.request?.needsScan == true, candidate.request?.prompt == nil {
                return "the prompt of this type must be shown: scan first"
            }
            // Not what it should be: an app could sign that without having shown the prompt.
            let given = candidate.promptDigest ?? SubmissionText.noPrompt
            return "prompt_digest, line 7, is \(given): it must be the SHA-256 of the prompt that the scan "
                + "returned, and \(SubmissionText.noPrompt) for a scan and where there was none"
        case .expired where candidate.request?.rotation != nil:
            return "this type's codes are shown for seconds: scan the one that is on the page now"
        default: return nil
        }
    }
}

/// Some of a batch's verdicts, a column each under its name.
@dynamicMemberLookup struct VerdictRows {
    fileprivate let columns: VerdictColumns
    fileprivate let places: [Int]

    var count: Int { places.count }

    subscript<Value>(dynamicMember column: KeyPath<VerdictColumns, [Value]>) -> [Value] {
        places.map { columns[keyPath: column][$0] }
    }
}

extension VerdictRows {
    /// CTE `gone`: whatever is `resolved (app_id, submission_id)` waits no more.
    static let goneSQL = """
        gone AS (
            DELETE FROM countersign.validate_queue q USING resolved r
            WHERE q.app_id = r.app_id AND q.submission_id = r.submission_id
        )
        """
}
