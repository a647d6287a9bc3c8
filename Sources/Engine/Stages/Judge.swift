package import Countersign
package import Postgres

/// What becomes of a submission.
package enum Verdict: Sendable, Equatable {
    case rejected(RejectionReason)
    /// Binds the request to the enrollment; the prompt is what the app shows. `later`: how many steps after the stored
    /// code the scanned one was shown, which is the request's only one from now on.
    case scan(prompt: String, later: Int = 0)
    /// The same enrollment scanned before: it gets the same prompt again.
    case scanAgain(prompt: String, later: Int = 0)
    case end(accepted: Bool)
    /// Accepted, and final once the portal has given the number that the prompt shows.
    case awaitConfirmation
    /// The same signed answer ended the request before: it gets the outcome of the first.
    case answeredBefore
    /// Lets a further device of the same user answer.
    case confirm
}

/// The rules by which submissions are judged, one after the other in the order of their ids. A pure value: it
/// reads what the claim read and decides; the database tests expiry once more when the verdict is written.
package struct Judge: Sendable {
    package struct Switches: Sendable {
        package var mobileAuthentication: Bool
        package var enrollment: Bool
        package var signatureRequired: Bool

        package init(mobileAuthentication: Bool, enrollment: Bool, signatureRequired: Bool) {
            self.mobileAuthentication = mobileAuthentication
            self.enrollment = enrollment
            self.signatureRequired = signatureRequired
        }
    }

    /// Wrong codes within ten minutes that lock an enrollment (NIST SP 800-63B-4 section 3.2.2 allows 100).
    package static let wrongCodesAllowed = 10
    /// Open scans of one enrollment: one more ends the oldest, so that nobody is trapped by codes that lead nowhere.
    package static let openScansAllowed = 4

    /// Wrong codes of this batch, by enrollment.
    package private(set) var wrongCodes: [Identifier: Int] = [:]
    private var scans: [Identifier: Int] = [:]
    /// Enrollments that have more open scans than they may have.
    package private(set) var crowded: Set<Identifier> = []
    private let switches: Switches

    package init(_ switches: Switches) { self.switches = switches }

    package mutating func judge(_ candidate: Candidate) -> Verdict {
        if let reason = refuseSender(candidate) { return .rejected(reason) }
        if candidate.action == .confirm { return confirm(candidate) }
        if candidate.isRepeatedAnswer { return .answeredBefore }
        guard let request = candidate.request else { return rejectUnknown(candidate) }
        let place = request.place(of: candidate.secretDigest)
        if place == .nowhere { return rejectUnknown(candidate) }
        if let reason = refuseRequest(request, place, candidate) { return .rejected(reason) }
        switch candidate.action {
        case .scan: return scan(request, place, candidate)
        case .accept:
            return request.isConfirmed == false && !candidate.isByLink
                ? .awaitConfirmation : .end(accepted: true)
        case .deny: return .end(accepted: false)
        case .confirm: return confirm(candidate)
        }
    }

    /// There is nothing to guess, and so nothing is counted.
    private func confirm(_ candidate: Candidate) -> Verdict {
        switch candidate.confirmed {
        case .held: .confirm
        case .free: .answeredBefore
        case nil: .rejected(.unknownCode)
        }
    }

    /// Everything that holds whatever the code is. A wrong code counts only after this: without the right
    /// signature nobody locks out anybody. Where no signature is required the app vouches for its user, but a
    /// signature that is given must be right all the same.
    private func refuseSender(_ candidate: Candidate) -> RejectionReason? {
        guard switches.enrollment, candidate.appEnabled else { return .enrollmentDisabled }
        guard let enrollment = candidate.enrollment else { return .notEnrolled }
        switch enrollment.status {
        case "active": break
        case "revoked": return .enrollmentRevoked
        default: return .notEnrolled
        }
        if enrollment.isHeld { return .enrollmentHeld }
        switch candidate.signature {
        case .missing where switches.signatureRequired, .invalid: return .invalidSignature
        case .undated: return .staleSignature
        case .missing, .valid: break
        }
        if candidate.isStale, !candidate.isRepeatedAnswer { return .staleSignature }
        let wrong = enrollment.wrongCodes + wrongCodes[candidate.enrollmentID, default: 0]
        return enrollment.isLocked || wrong >= Self.wrongCodesAllowed ? .lockedOut : nil
    }

    private mutating func rejectUnknown(_ candidate: Candidate) -> Verdict {
        wrongCodes[candidate.enrollmentID, default: 0] += 1
        return .rejected(.unknownCode)
    }

    private func refuseRequest(
        _ request: Candidate.Request, _ place: CodeRotation.Place, _ candidate: Candidate
    ) -> RejectionReason? {
        switch request.status {
        case "issued", "scanned": break
        case "authenticated", "denied": return .alreadyUsed
        default: return .expired  // expired, cancelled, failed: the code can no longer be used
        }
        guard !request.isDue, switches.mobileAuthentication else { return .expired }
        guard request.scannedBy == nil || request.scannedBy == candidate.enrollmentID else {
            return .otherDevice
        }
        guard isCodeShown(request, place, candidate) else { return .expired }
        // Declining is always possible.
        let isInWrongChannel = candidate.isInWrongChannel || request.refusesQR && !candidate.isByLink
        if isInWrongChannel, candidate.action != .deny { return .wrongChannel }
        if candidate.isInRefusedNetwork, candidate.action != .deny { return .otherNetwork }
        if candidate.isInRefusedCountry, candidate.action != .deny { return .otherCountry }
        if request.isRepeated { return .alreadyUsed }
        return isPromptRight(request, candidate) ? nil : .wrongPrompt
    }

    /// Of codes that rotate: an old one is no guess, and no longer good. Once one was scanned it is that one that answers
    /// carry, however long the user takes.
    private func isCodeShown(
        _ request: Candidate.Request, _ place: CodeRotation.Place, _ candidate: Candidate
    ) -> Bool {
        guard let rotation = request.rotation else { return true }
        guard case .later(let steps) = place else { return false }
        if request.status == "scanned", steps == 0 || candidate.action != .scan { return steps == 0 }
        return rotation.isShown(steps)
    }

    /// An answer after a scan is one to the prompt that the scan returned. An app that signs nothing need not
    /// name it.
    private func isPromptRight(_ request: Candidate.Request, _ candidate: Candidate) -> Bool {
        // Nor can a number that is in the prompt have been shown by who has not scanned. Declining is always possible.
        let needsScan = request.needsScan || request.isConfirmed != nil
        if candidate.action == .accept, needsScan, request.prompt == nil { return false }
        if candidate.promptDigest == nil, candidate.signature == .missing { return true }
        let prompt = candidate.action == .scan ? nil : request.prompt
        let expected = prompt.map(SubmissionText.digest) ?? SubmissionText.noPrompt
        return (candidate.promptDigest ?? SubmissionText.noPrompt) == expected
    }

    private mutating func scan(
        _ request: Candidate.Request, _ place: CodeRotation.Place, _ candidate: Candidate
    ) -> Verdict {
        let later = if case .later(let steps) = place { steps } else { 0 }
        if request.status == "scanned" { return .scanAgain(prompt: request.prompt ?? "", later: later) }
        // Only for an enrollment without keys, to which a secure_message cannot be encrypted.
        guard let prompt = candidate.newPrompt else { return .rejected(.notEnrolled) }
        scans[candidate.enrollmentID, default: 0] += 1
        let open = (candidate.enrollment?.openScans ?? 0) + scans[candidate.enrollmentID, default: 0]
        if open > Self.openScansAllowed { crowded.insert(candidate.enrollmentID) }
        return .scan(prompt: prompt, later: later)
    }
}
