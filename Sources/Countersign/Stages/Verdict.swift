package import Postgres

/// What an app asked for with a submission.
package enum SubmissionAction: String, Sendable, CaseIterable { case scan, accept, deny }

/// Why a submission was refused. Stable: apps see the raw value in `submission_results.reason`.
package enum RejectionReason: String, Sendable, CaseIterable {
    case malformed
    case unknownCode = "unknown_code"
    case expired
    case alreadyUsed = "already_used"
    case otherDevice = "other_device"
    case notEnrolled = "not_enrolled"
    case enrollmentRevoked = "enrollment_revoked"
    case enrollmentDisabled = "enrollment_disabled"
    case invalidSignature = "invalid_signature"
    case staleSignature = "stale_signature"
    case wrongPrompt = "wrong_prompt"
    case tooManyScans = "too_many_scans"
    case lockedOut = "locked_out"
}

/// A submission with everything that its verdict depends on, as one claim read it.
package struct Candidate: Sendable {
    package struct Request: Sendable {
        package var transactionID: Identifier
        package var status: String
        package var secretDigest: [UInt8]?
        package var scannedBy: Identifier?
        package var isDue: Bool
        /// The stored prompt after a scan, else the parts that a scan makes it of.
        package var prompt: String?
        package var promptParts: [String]

        package init(
            transactionID: Identifier, status: String, secretDigest: [UInt8]?, scannedBy: Identifier?,
            isDue: Bool, prompt: String?, promptParts: [String]
        ) {
            self.transactionID = transactionID
            self.status = status
            self.secretDigest = secretDigest
            self.scannedBy = scannedBy
            self.isDue = isDue
            self.prompt = prompt
            self.promptParts = promptParts
        }
    }

    package struct Enrollment: Sendable {
        package var status: String
        package var isLocked: Bool
        /// Wrong codes in the last ten minutes.
        package var wrongCodes: Int
        package var openScans: Int

        package init(status: String, isLocked: Bool, wrongCodes: Int, openScans: Int) {
            self.status = status
            self.isLocked = isLocked
            self.wrongCodes = wrongCodes
            self.openScans = openScans
        }
    }

    package var submissionID: Identifier
    package var appID: Int32
    package var appEnabled: Bool
    package var enrollmentID: Identifier
    package var action: SubmissionAction
    package var secretDigest: [UInt8]
    package var isStale: Bool
    package var hasSignature: Bool
    package var enrollment: Enrollment?
    package var request: Request?

    package init(
        submissionID: Identifier, appID: Int32, appEnabled: Bool, enrollmentID: Identifier,
        action: SubmissionAction, secretDigest: [UInt8], isStale: Bool, hasSignature: Bool,
        enrollment: Enrollment?, request: Request?
    ) {
        self.submissionID = submissionID
        self.appID = appID
        self.appEnabled = appEnabled
        self.enrollmentID = enrollmentID
        self.action = action
        self.secretDigest = secretDigest
        self.isStale = isStale
        self.hasSignature = hasSignature
        self.enrollment = enrollment
        self.request = request
    }
}

/// What becomes of a submission.
package enum Verdict: Sendable, Equatable {
    case rejected(RejectionReason)
    /// Binds the request to the enrollment; the prompt is what the app shows.
    case scan(prompt: String)
    /// The same enrollment scanned before: it gets the same prompt again.
    case scanAgain(prompt: String)
    case end(accepted: Bool)
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
    /// Open scans of one enrollment.
    package static let openScansAllowed = 4

    /// Wrong codes of this batch, by enrollment.
    package private(set) var wrongCodes: [Identifier: Int] = [:]
    private var scans: [Identifier: Int] = [:]
    private let switches: Switches

    package init(_ switches: Switches) { self.switches = switches }

    package mutating func judge(_ candidate: Candidate) -> Verdict {
        if let reason = refuseSender(candidate) { return .rejected(reason) }
        guard let request = candidate.request, let digest = request.secretDigest,
            constantTimeEqual(digest, candidate.secretDigest)
        else {
            wrongCodes[candidate.enrollmentID, default: 0] += 1
            return .rejected(.unknownCode)
        }
        if let reason = refuseRequest(request, candidate) { return .rejected(reason) }
        return candidate.action == .scan
            ? scan(request, candidate) : .end(accepted: candidate.action == .accept)
    }

    /// Everything that holds whatever the code is. Without signatures the app vouches for its user.
    private func refuseSender(_ candidate: Candidate) -> RejectionReason? {
        guard switches.enrollment, candidate.appEnabled else { return .enrollmentDisabled }
        guard let enrollment = candidate.enrollment else { return .notEnrolled }
        switch enrollment.status {
        case "active": break
        case "revoked": return .enrollmentRevoked
        default: return .notEnrolled
        }
        // No signature can be verified yet, so where one is required everything is refused.
        if switches.signatureRequired { return .invalidSignature }
        if candidate.isStale { return .staleSignature }
        let wrong = enrollment.wrongCodes + wrongCodes[candidate.enrollmentID, default: 0]
        return enrollment.isLocked || wrong >= Self.wrongCodesAllowed ? .lockedOut : nil
    }

    private func refuseRequest(_ request: Candidate.Request, _ candidate: Candidate) -> RejectionReason? {
        switch request.status {
        case "issued", "scanned": break
        case "authenticated", "denied": return .alreadyUsed
        default: return .expired  // expired, cancelled, failed: the code can no longer be used
        }
        guard !request.isDue, switches.mobileAuthentication else { return .expired }
        guard request.scannedBy == nil || request.scannedBy == candidate.enrollmentID else {
            return .otherDevice
        }
        return nil
    }

    private mutating func scan(_ request: Candidate.Request, _ candidate: Candidate) -> Verdict {
        if request.status == "scanned" { return .scanAgain(prompt: request.prompt ?? "") }
        let open = (candidate.enrollment?.openScans ?? 0) + scans[candidate.enrollmentID, default: 0]
        guard open < Self.openScansAllowed else { return .rejected(.tooManyScans) }
        scans[candidate.enrollmentID, default: 0] += 1
        return .scan(prompt: request.promptParts.joined(separator: "\n"))
    }
}

/// Compares without telling by its duration where two values differ (ASVS 11.2.4).
private func constantTimeEqual(_ left: [UInt8], _ right: [UInt8]) -> Bool {
    guard left.count == right.count else { return false }
    return zip(left, right).reduce(0) { $0 | ($1.0 ^ $1.1) } == 0
}
