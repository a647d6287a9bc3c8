package import Countersign
package import Postgres

/// What was found out about a submission's signature.
package enum SignatureCheck: Sendable, Hashable {
    /// The app sent none: it vouches for its user.
    case missing
    /// There is one, and no `signed_at` that it could have signed.
    case undated
    case invalid
    /// `fingerprint` is that of the key that signed: the enrolled certificate's primary, or a subkey of it.
    case valid(fingerprint: String)

    package var fingerprint: String? {
        if case .valid(let fingerprint) = self { fingerprint } else { nil }
    }
}

/// A submission with everything that its verdict depends on.
package struct Candidate: Sendable {
    package struct Request: Sendable {
        package var transactionID: Identifier
        package var status: String
        package var secretDigest: [UInt8]?
        package var scannedBy: Identifier?
        package var isDue: Bool
        /// What the app was given to show, after a scan.
        package var prompt: String?
        /// Whether the portal has given the number that stands in the prompt; nil where none is asked for.
        package var isConfirmed: Bool?
        /// Whether it is answered by a link alone, because its type says so, or because who scanned came by one.
        package var refusesQR = false
        /// Whether nobody accepts without having been given the prompt.
        package var needsScan: Bool
        /// Nil when its code stays the same.
        package var rotation: CodeRotation?
        /// Whether the submission repeats the signature of the scan that was accepted, in whatever form, or of the
        /// answer that ended the request, byte for byte.
        package var isRepeated: Bool

        package init(
            transactionID: Identifier, status: String, secretDigest: [UInt8]?, scannedBy: Identifier?,
            isDue: Bool, prompt: String?, isConfirmed: Bool? = nil, needsScan: Bool = false,
            rotation: CodeRotation? = nil, isRepeated: Bool
        ) {
            self.transactionID = transactionID
            self.status = status
            self.secretDigest = secretDigest
            self.scannedBy = scannedBy
            self.isDue = isDue
            self.prompt = prompt
            self.isConfirmed = isConfirmed
            self.needsScan = needsScan
            self.rotation = rotation
            self.isRepeated = isRepeated
        }
    }

    package struct Enrollment: Sendable {
        package var status: String
        package var isLocked: Bool
        /// Whether it is a further device of its user's that none has confirmed.
        package var isHeld = false
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

    /// Another device of the same user.
    package enum Confirmed: String, Sendable {
        case held
        /// It may answer already.
        case free
    }

    package var submissionID: Identifier
    package var appEnabled: Bool
    package var enrollmentID: Identifier
    package var action: SubmissionAction
    package var secretDigest: [UInt8]
    package var promptDigest: String?
    package var isStale: Bool
    package var signature: SignatureCheck
    /// Whether a link has opened the app: then a code of the browser's confirms, and no number.
    package var isByLink = false
    package var isInWrongChannel = false
    /// Whether the device is in another network than the visitor, and the type refuses that.
    package var isInRefusedNetwork = false
    /// The same of countries.
    package var isInRefusedCountry = false
    /// What it confirms, where it confirms an enrollment; nil when there is no such one.
    package var confirmed: Confirmed?
    /// What a scan would give the app to show; nil when it cannot be made for this enrollment.
    package var newPrompt: String?
    package var enrollment: Enrollment?
    package var request: Request?

    package init(
        submissionID: Identifier, appEnabled: Bool, enrollmentID: Identifier, action: SubmissionAction,
        secretDigest: [UInt8], promptDigest: String?, isStale: Bool, signature: SignatureCheck,
        newPrompt: String?, enrollment: Enrollment?, request: Request?
    ) {
        self.submissionID = submissionID
        self.appEnabled = appEnabled
        self.enrollmentID = enrollmentID
        self.action = action
        self.secretDigest = secretDigest
        self.promptDigest = promptDigest
        self.isStale = isStale
        self.signature = signature
        self.newPrompt = newPrompt
        self.enrollment = enrollment
        self.request = request
    }
}

extension Candidate.Request {
    /// How many steps later than the stored code this one is: none where there is only one. Nil when it is none of the
    /// request's.
    func place(of digest: [UInt8]) -> CodeRotation.Place {
        guard let secretDigest else { return .nowhere }
        if let rotation { return rotation.place(of: digest, stored: secretDigest) }
        return constantTimeEqual(secretDigest, digest) ? .later(0) : .nowhere
    }
}

extension Candidate {
    /// Whether an answer with this very signature has ended the request as it says. That one was judged in its time.
    var isRepeatedAnswer: Bool {
        guard action != .scan, signature.fingerprint != nil, let request, request.isRepeated else {
            return false
        }
        return request.status == (action == .accept ? "authenticated" : "denied")
            && request.place(of: secretDigest) != .nowhere
    }
}
