import Administration
import Countersign
import Postgres

/// One request's whole life by its transaction id.
enum RequestView {
    /// `asked` is what somebody typed. Who signed in is for administrators, as for members of countersign_admin on the
    /// command line.
    static func content(
        _ asked: String, _ frame: PageFrame, _ connection: inout Connection
    ) async throws -> [String: Any] {
        guard let id = Identifier(asked) else {
            return ["asked": asked, "problem": "A transaction id is a UUID of 36 characters."]
        }
        let found = try await RequestLife.read(id, withBodies: frame.isAdmin, &connection)
        guard let life = found, frame.portal == nil || life.request.portal == frame.portal else {
            return ["asked": asked, "problem": "There is no such request; they are kept for 30 days."]
        }
        let now = try await connection.run(ReadClock()).one().time
        let events = try await AuditEvent.all(of: life.request, &connection)
        let content: [String: Any] = [
            "id": "\(id)", "status": life.request.status, "tone": tone(ofStatus: life.request.status),
            "facts": facts(life, frame), "steps": RequestTimeline(life).content(now),
            "submissions": life.submissions.map { row($0, now, frame) },
            "hasSubmissions": !life.submissions.isEmpty,
            "delivery": life.delivery.map { delivery($0, of: id, now, frame) } ?? [:],
            "hasDelivery": life.delivery != nil, "events": events.map { row($0, now, frame) },
            "hasEvents": !events.isEmpty, "asked": moment(life.request.requestedAt, now),
        ]
        return ["asked": asked, "life": content]
    }

    private static func facts(_ life: RequestLife, _ frame: PageFrame) -> [[String: Any]] {
        let request = life.request
        let person = frame.isAdmin ? life.person : nil
        let facts: [(String, String?, isCopied: Bool)] = [
            ("Portal", request.portal, false), ("Type", request.type, false),
            ("Reference", request.reference, true), ("App", request.app, false),
            ("Enrollment", request.enrollmentID.map { "\($0)" }, true),
            ("User", person?.userID, true), ("Device", person?.deviceID, true),
            ("Signature verified", request.signatureVerified.map { $0 ? "yes" : "no" }, false),
            ("Message", request.message, false), ("Callback", request.callbackURI, false),
            (request.resolvedAt == nil ? "Expires" : "Would have expired", shown(request.expiresAt), false),
        ]
        return facts.compactMap { name, value, isCopied in
            guard let value else { return nil }
            var fact: [String: Any] = ["name": name, "value": value, "isCopied": isCopied]
            fact["address"] = address(of: name, value, request, frame)?.address
            return fact
        }
    }

    /// Where there is more of it.
    private static func address(
        of name: String, _ value: String, _ request: RequestLife.Request, _ frame: PageFrame
    ) -> ConsolePlace? {
        switch name {
        case "User": ConsolePlace(.users, ["app": request.app ?? "", "user": value])
        case "Device": ConsolePlace(.enrollments, ["device": value])
        case "Portal" where frame.portal == nil: ConsolePlace(.requests, ["portal": value])
        default: nil
        }
    }

    private static func row(
        _ submission: RequestLife.Submission, _ now: Timestamp, _ frame: PageFrame
    ) -> [String: Any] {
        let reason = submission.reason.flatMap(RejectionReason.init)
        return [
            "at": moment(submission.submittedAt, now), "action": submission.action ?? "?",
            "status": submission.status, "tone": tone(ofStatus: submission.status),
            "reason": submission.reason ?? "", "words": reason?.words ?? "",
            "detail": frame.isAdmin ? submission.detail ?? "" : "", "app": submission.app ?? "",
            "enrollment": submission.enrollmentID.map { "\($0)" } ?? "",
            "took": submission.resolvedAt.map { span(submission.submittedAt.duration(to: $0)) } ?? "-",
        ].withoutEmptyTexts
    }

    private static func delivery(
        _ delivery: RequestLife.Delivery, of id: Identifier, _ now: Timestamp, _ frame: PageFrame
    ) -> [String: Any] {
        var content: [String: Any] = [
            "status": delivery.status == "pending" ? "waiting" : delivery.status,
            "tone": tone(ofStatus: delivery.status),
            "forms": frame.forms(on: .delivery(id, isDead: delivery.status == "dead")),
            "attempts": delivery.attempts.map { row($0, now) }, "hasAttempts": !delivery.attempts.isEmpty,
        ]
        if delivery.status == "pending", let next = delivery.nextAt { content["next"] = moment(next, now) }
        return content
    }

    /// What a receiver has answered, without what would lead the reader, or a terminal it is copied to, astray.
    private static func readable(_ body: String) -> String {
        masked(body.unicodeScalars) { !$0.isSeen && $0 != "\n" && $0 != "\t" }
    }

    private static func row(_ attempt: WebhookDelivery.Attempt, _ now: Timestamp) -> [String: Any] {
        let isFine = attempt.errorClass == nil
        return [
            "number": attempt.number, "at": moment(attempt.startedAt, now),
            "took": span(attempt.duration), "answer": attempt.statusCode.map { "\($0)" } ?? "none",
            "result": isFine
                ? "delivered" : attempt.errorClass == "status" ? "refused" : attempt.errorClass ?? "",
            "tone": isFine ? "good" : "bad",
            "detail": attempt.detail ?? "", "body": readable(attempt.body ?? ""),
            "hasBody": !(attempt.body ?? "").isEmpty,
        ]
    }

    private static func row(_ event: AuditEvent, _ now: Timestamp, _ frame: PageFrame) -> [String: Any] {
        [
            "at": moment(event.occurredAt, now), "type": event.type,
            "actor": frame.isAdmin ? event.actor ?? "" : "",
            "summary": frame.isAdmin ? event.summary ?? "" : "",
        ]
    }
}

extension RejectionReason {
    /// For who looks into one sign-in, at night.
    var words: String {
        switch self {
        case .malformed: "a column is missing or not of its form"
        case .unknownCode: "no such code was issued"
        case .expired: "the request's time was over, or it had been cancelled"
        case .alreadyUsed: "the request had been answered"
        case .otherDevice: "another device had scanned it"
        case .notEnrolled: "no active enrollment of this app"
        case .enrollmentRevoked: "the enrollment was revoked or replaced"
        case .enrollmentDisabled: "enrollment is off, or the app is disabled"
        case .invalidSignature: "the signature is missing, or does not fit the lines or the enrolled key"
        case .staleSignature: "the device's clock is more than 5 minutes off"
        case .wrongPrompt: "what was signed is not the prompt that was shown"
        case .enrollmentHeld: "no older device of the user has confirmed this one yet"
        case .tooManyMalformed: "too many submissions of the user were malformed within ten minutes"
        case .otherNetwork: "the device was in another network than the visitor, which the type refuses"
        case .otherCountry: "the device was in another country than the visitor, which the type refuses"
        case .wrongChannel: "it was scanned where a link was asked for, or the other way about"
        case .lockedOut: "ten wrong codes within ten minutes"
        case .tooManyWaiting: "too many submissions of the device or the app waited to be judged"
        }
    }
}
