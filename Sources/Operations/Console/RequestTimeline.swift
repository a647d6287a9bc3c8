import Administration
import Postgres

/// What happened to a request, in the order in which it happened.
struct RequestTimeline {
    struct Step {
        let what: String
        /// Nil: it has happened, and nobody has written down when.
        let at: Timestamp?
        let details: String
        let tone: String
    }

    let steps: [Step]

    init(_ life: RequestLife) {
        let request = life.request
        var steps = [
            Step(
                what: "asked", at: request.requestedAt,
                details: "by portal \(request.portal ?? "?")", tone: "busy")
        ]
        if let at = request.issuedAt {
            steps.append(Step(what: "issued", at: at, details: "its code was made", tone: "busy"))
            steps += Self.collection(request)
        }
        if let at = request.scannedAt {
            let by = [request.app.map { "with app \($0)" }, request.enrollmentID.map { "enrollment \($0)" }]
            steps.append(
                Step(
                    what: "scanned", at: at, details: by.compactMap(\.self).joined(separator: ", "),
                    tone: "busy"))
        }
        if let at = request.resolvedAt {
            steps.append(
                Step(
                    what: request.status, at: at, details: Self.end(request.status),
                    tone: tone(ofStatus: request.status)))
        }
        if let delivery = life.delivery, let at = delivery.finishedAt {
            let tries = delivery.attempts.count
            steps.append(
                Step(
                    what: delivery.status == "delivered" ? "told" : "given up", at: at,
                    details: delivery.status == "delivered"
                        ? "the portal has answered the webhook" + (tries > 1 ? ", attempt \(tries)" : "")
                        : "the portal was not told by webhook, after \(tries) attempt\(tries == 1 ? "" : "s")",
                    tone: tone(ofStatus: delivery.status)))
        }
        self.steps = steps
    }

    /// Of collecting the database keeps no time: it deletes the code, and nothing else is written for it.
    private static func collection(_ request: RequestLife.Request) -> [Step] {
        if request.isCodeWaiting {
            return [
                Step(
                    what: "not collected yet", at: nil, details: "the code waits for the portal",
                    tone: "quiet")
            ]
        }
        let isKnown =
            request.scannedAt != nil || request.resolvedAt == nil
            || ["authenticated", "denied"].contains(request.status)
        return isKnown
            ? [Step(what: "collected", at: nil, details: "the portal has its code", tone: "busy")] : []
    }

    private static func end(_ status: String) -> String {
        switch status {
        case "authenticated": "the user has confirmed"
        case "denied": "the user has refused"
        case "expired": "nobody answered in time"
        case "cancelled": "by the portal"
        case "failed": "a stage gave it up after five tries: the worker's log says why"
        default: ""
        }
    }

    /// With what has passed since the step before, and since the first.
    func content(_ now: Timestamp) -> [[String: Any]] {
        var last: Timestamp?
        return steps.map { step in
            var content: [String: Any] = ["what": step.what, "details": step.details, "tone": step.tone]
            if let at = step.at {
                content["at"] = ["exact": shown(at, isPrecise: true), "machine": at.description]
                if let last { content["gap"] = "+ " + span(last.duration(to: at)) }
                last = at
            }
            return content
        }
    }
}
