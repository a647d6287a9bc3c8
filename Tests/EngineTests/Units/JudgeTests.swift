import Administration
import Countersign
import Crypto
import Engine
import Postgres
import Testing

/// The rules by which submissions are judged, each by itself and in their order.
@Suite struct JudgeTests {
    private let allOn = Judge.Switches(mobileAuthentication: true, enrollment: true, signatureRequired: false)
    private let digest = [UInt8](repeating: 7, count: 32)

    /// Nothing is wrong with it.
    private func candidate(_ action: SubmissionAction = .accept) -> Candidate {
        Candidate(
            submissionID: .random(), appEnabled: true, enrollmentID: .random(), action: action,
            secretDigest: digest, promptDigest: nil, isStale: false, signature: .missing,
            newPrompt: "ACME\nSign in",
            enrollment: Candidate.Enrollment(status: "active", isLocked: false, wrongCodes: 0, openScans: 0),
            request: Candidate.Request(
                transactionID: .random(), status: "issued", secretDigest: digest, scannedBy: nil,
                isDue: false, prompt: nil, isRepeated: false))
    }

    private func verdict(_ candidate: Candidate, _ switches: Judge.Switches? = nil) -> Verdict {
        var judge = Judge(switches ?? allOn)
        return judge.judge(candidate)
    }

    @Test func `what is right is accepted`() {
        #expect(verdict(candidate(.accept)) == .end(accepted: true))
        #expect(verdict(candidate(.deny)) == .end(accepted: false))
        #expect(verdict(candidate(.scan)) == .scan(prompt: "ACME\nSign in"))
        var scanned = candidate(.scan)
        scanned.request?.status = "scanned"
        scanned.request?.scannedBy = scanned.enrollmentID
        scanned.request?.prompt = "as shown before"
        #expect(verdict(scanned) == .scanAgain(prompt: "as shown before"))
        scanned.action = .accept
        #expect(verdict(scanned) == .end(accepted: true))
    }

    @Test func `an answer waits for a number that is asked for`() {
        var answer = candidate(.accept)
        answer.request?.isConfirmed = false
        #expect(verdict(answer) == .rejected(.wrongPrompt))
        answer.request?.status = "scanned"
        answer.request?.scannedBy = answer.enrollmentID
        answer.request?.prompt = "with a number"
        #expect(verdict(answer) == .awaitConfirmation)
        answer.request?.isConfirmed = true
        #expect(verdict(answer) == .end(accepted: true))
        answer.request?.isConfirmed = false
        answer.action = .deny
        #expect(verdict(answer) == .end(accepted: false))
    }

    @Test func `codes that rotate`() {
        // Of step 6 first, then what a phone sends of the steps before it.
        let chain = (0..<6).reduce(into: [digest]) { links, _ in
            links.append(Array(SHA256.hash(data: links.last!)))
        }
        let rotation = CodeRotation(now: 3, stored: 0, count: 7)
        let places = chain.map { rotation.place(of: $0, stored: chain[6]) }
        #expect(places == (0..<7).map { .later(6 - $0) })
        let (scanned, unknown) = (CodeRotation(now: 3, stored: 3, count: 7), [UInt8](repeating: 1, count: 32))
        #expect(scanned.place(of: chain[5], stored: chain[3]) == .earlier)
        #expect(scanned.place(of: unknown, stored: chain[3]) == .nowhere)
        for (step, expected) in [
            (1, Verdict.rejected(.expired)), (2, .scan(prompt: "ACME\nSign in", later: 2)),
            (3, .scan(prompt: "ACME\nSign in", later: 3)), (4, .rejected(.expired)),
        ] {
            var scan = candidate(.scan)
            scan.request?.rotation = rotation
            scan.request?.secretDigest = chain[6]
            scan.secretDigest = chain[6 - step]
            var judge = Judge(allOn)
            #expect(judge.judge(scan) == expected)
            #expect(judge.wrongCodes.isEmpty)
            scan.secretDigest = unknown
            #expect(judge.judge(scan) == .rejected(.unknownCode))
        }
    }

    /// However late it comes; but not another's, another action, another code, or one that nobody signed.
    @Test(arguments: [SubmissionAction.accept, .deny])
    func `an answer that is repeated gets the outcome of the first`(action: SubmissionAction) {
        var repeated = candidate(action)
        repeated.signature = .valid(fingerprint: "F")
        repeated.isStale = true
        repeated.request?.status = action == .accept ? "authenticated" : "denied"
        repeated.request?.isRepeated = true
        #expect(verdict(repeated) == .answeredBefore)
        let others: [((inout Candidate) -> Void, RejectionReason)] = [
            ({ $0.signature = .missing }, .staleSignature), ({ $0.signature = .undated }, .staleSignature),
            ({ $0.request?.isRepeated = false }, .staleSignature),
            ({ $0.secretDigest[0] = 0 }, .staleSignature),
            ({ $0.action = action == .accept ? .deny : .accept }, .staleSignature),
            ({ $0.signature = .invalid }, .invalidSignature),
            ({ $0.enrollment?.status = "revoked" }, .enrollmentRevoked),
        ]
        for (change, reason) in others {
            var other = repeated
            change(&other)
            #expect(verdict(other) == .rejected(reason))
        }
    }

    /// What makes a candidate wrong, in the order in which it is looked at: of two faults the first is named.
    private static let faults:
        [(RejectionReason, @Sendable (inout Candidate, inout Judge.Switches) -> Void)] = [
            (.enrollmentDisabled, { $1 = switches($1, enrollment: false) }),
            (.enrollmentDisabled, { candidate, _ in candidate.appEnabled = false }),
            (.notEnrolled, { candidate, _ in candidate.enrollment = nil }),
            (.notEnrolled, { candidate, _ in candidate.enrollment?.status = "pending" }),
            (.enrollmentRevoked, { candidate, _ in candidate.enrollment?.status = "revoked" }),
            (
                .invalidSignature,
                {
                    $0.signature = .missing
                    $1 = switches($1, signatureRequired: true)
                }
            ),
            (.invalidSignature, { candidate, _ in candidate.signature = .invalid }),
            (.staleSignature, { candidate, _ in candidate.isStale = true }),
            (.lockedOut, { candidate, _ in candidate.enrollment?.isLocked = true }),
            (.lockedOut, { candidate, _ in candidate.enrollment?.wrongCodes = 10 }),
            (.unknownCode, { candidate, _ in candidate.request = nil }),
            (.unknownCode, { candidate, _ in candidate.request?.secretDigest = nil }),
            (.unknownCode, { candidate, _ in candidate.secretDigest[31] = 0 }),
            (.alreadyUsed, { candidate, _ in candidate.request?.status = "authenticated" }),
            (.expired, { candidate, _ in candidate.request?.status = "cancelled" }),
            (.expired, { candidate, _ in candidate.request?.isDue = true }),
            (.expired, { $1 = switches($1, mobileAuthentication: false) }),
            (.otherDevice, { candidate, _ in candidate.request?.scannedBy = .random() }),
            (.wrongChannel, { candidate, _ in candidate.isInWrongChannel = true }),
            // As the request is held: the scan by link was written after the claim.
            (.wrongChannel, { candidate, _ in candidate.request?.refusesQR = true }),
            (.otherNetwork, { candidate, _ in candidate.isInRefusedNetwork = true }),
            (.otherCountry, { candidate, _ in candidate.isInRefusedCountry = true }),
            (.alreadyUsed, { candidate, _ in candidate.request?.isRepeated = true }),
            (.wrongPrompt, { candidate, _ in candidate.promptDigest = String(repeating: "0", count: 64) }),
            (.wrongPrompt, { candidate, _ in candidate.request?.needsScan = true }),
        ]

    private static func switches(
        _ switches: Judge.Switches, mobileAuthentication: Bool? = nil, enrollment: Bool? = nil,
        signatureRequired: Bool? = nil
    ) -> Judge.Switches {
        Judge.Switches(
            mobileAuthentication: mobileAuthentication ?? switches.mobileAuthentication,
            enrollment: enrollment ?? switches.enrollment,
            signatureRequired: signatureRequired ?? switches.signatureRequired)
    }

    @Test(arguments: faults.indices) func `each fault is named, before those that come after it`(first: Int) {
        let (reason, make) = Self.faults[first]
        for (_, other) in Self.faults[first...] {
            var candidate = candidate()
            var switches = allOn
            // the later one first, so that the earlier one has the last word where both touch the same
            other(&candidate, &switches)
            make(&candidate, &switches)
            #expect(verdict(candidate, switches) == .rejected(reason))
        }
    }

    @Test(arguments: [
        "requested", "issued", "scanned", "authenticated", "denied", "expired", "cancelled", "failed",
    ])
    func `each state of a request`(status: String) {
        var candidate = candidate()
        candidate.request?.status = status
        let expected: Verdict =
            switch status {
            case "issued", "scanned": .end(accepted: true)
            case "authenticated", "denied": .rejected(.alreadyUsed)
            default: .rejected(.expired)
            }
        #expect(verdict(candidate) == expected)
    }

    @Test(arguments: ["pending", "rejected", "active", "revoked", "something new"])
    func `each state of an enrollment`(status: String) {
        var candidate = candidate()
        candidate.enrollment?.status = status
        let expected: Verdict =
            switch status {
            case "active": .end(accepted: true)
            case "revoked": .rejected(.enrollmentRevoked)
            default: .rejected(.notEnrolled)
            }
        #expect(verdict(candidate) == expected)
    }

    @Test func `an answer is one to the prompt that was scanned`() {
        let prompt = SubmissionText.digest(of: "p")
        let other = SubmissionText.digest(of: "q")
        let signed = SignatureCheck.valid(fingerprint: "F")
        for action in [SubmissionAction.accept, .deny] {
            for (given, signature, isRight) in [
                (prompt, signed, true), (other, signed, false), ("-", signed, false), (nil, signed, false),
                (prompt, .missing, true), (other, .missing, false), ("-", .missing, false),
                (nil, .missing, true),
            ] as [(String?, SignatureCheck, Bool)] {
                var answer = candidate(action)
                answer.request?.status = "scanned"
                answer.request?.scannedBy = answer.enrollmentID
                answer.request?.prompt = "p"
                answer.promptDigest = given
                answer.signature = signature
                let expected: Verdict = isRight ? .end(accepted: action == .accept) : .rejected(.wrongPrompt)
                #expect(verdict(answer) == expected, "\(given ?? "nothing"), \(signature)")
            }
        }
        var early = candidate()
        early.signature = signed
        for (given, isRight) in [("-", true), (nil, true), (prompt, false)] {
            early.promptDigest = given
            #expect(verdict(early) == (isRight ? .end(accepted: true) : .rejected(.wrongPrompt)))
        }
    }

    @Test(arguments: [true, false])
    func `a signature without a time is stale, whatever is required`(isRequired: Bool) {
        var undated = candidate()
        undated.signature = .undated
        let switches = Judge.Switches(
            mobileAuthentication: true, enrollment: true, signatureRequired: isRequired)
        #expect(verdict(undated, switches) == .rejected(.staleSignature))
    }

    @Test func `a scan for which no prompt can be made is refused`() {
        var scan = candidate(.scan)
        scan.newPrompt = nil
        #expect(verdict(scan) == .rejected(.notEnrolled))
    }

    @Test func `a digest of another length is another digest`() {
        for length in [0, 31, 33] {
            var candidate = candidate()
            candidate.secretDigest = [UInt8](repeating: 7, count: length)
            #expect(verdict(candidate) == .rejected(.unknownCode))
        }
    }

    @Test func `wrong codes of one batch add up with those before, for their enrollment alone`() {
        var judge = Judge(allOn)
        var wrong = candidate()
        wrong.secretDigest = [UInt8](repeating: 8, count: 32)
        wrong.enrollment?.wrongCodes = 4
        for _ in 0..<6 { #expect(judge.judge(wrong) == .rejected(.unknownCode)) }
        for _ in 0..<3 { #expect(judge.judge(wrong) == .rejected(.lockedOut)) }
        #expect(judge.wrongCodes == [wrong.enrollmentID: 6])
        var right = candidate()
        #expect(judge.judge(right) == .end(accepted: true))
        right.enrollmentID = wrong.enrollmentID
        right.enrollment?.wrongCodes = 4
        #expect(judge.judge(right) == .rejected(.lockedOut))
    }

    /// Only the code's own fault counts: nobody locks out another by what is refused before.
    @Test func `what is refused for another reason does not count as a wrong code`() {
        var judge = Judge(allOn)
        for (reason, make) in Self.faults where reason != .unknownCode {
            var candidate = candidate()
            var switches = allOn
            make(&candidate, &switches)
            _ = judge.judge(candidate)
        }
        #expect(judge.wrongCodes.isEmpty)
    }

    @Test func `open scans of one batch add up with those before`() {
        var judge = Judge(allOn)
        var scan = candidate(.scan)
        scan.enrollment?.openScans = 2
        for _ in 0..<2 { #expect(judge.judge(scan) == .scan(prompt: "ACME\nSign in")) }
        #expect(judge.crowded.isEmpty)
        #expect(judge.judge(scan) == .scan(prompt: "ACME\nSign in"))
        #expect(judge.crowded == [scan.enrollmentID])
        var again = scan
        again.request?.status = "scanned"
        again.request?.prompt = "p"
        #expect(judge.judge(again) == .scanAgain(prompt: "p"))
        var other = candidate(.scan)
        other.enrollment?.openScans = 3
        #expect(judge.judge(other) == .scan(prompt: "ACME\nSign in"))
        #expect(!judge.crowded.contains(other.enrollmentID))
    }

    @Test func `reasons are spelled as the contract spells them`() {
        let spelled = [
            "malformed", "unknown_code", "expired", "already_used", "other_device", "not_enrolled",
            "enrollment_revoked", "enrollment_held", "enrollment_disabled", "invalid_signature",
            "stale_signature",
            "wrong_prompt",
            "other_network", "other_country", "wrong_channel", "locked_out", "too_many_waiting",
            "too_many_malformed",
        ]
        #expect(RejectionReason.allCases.map(\.rawValue) == spelled)
    }
}
