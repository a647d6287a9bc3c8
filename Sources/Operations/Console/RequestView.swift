import Administration
import Countersign
import Postgres

/// One request's whole life by its transaction id.
enum RequestView {
    /// `asked` is what somebody typed. Who signed in is for administrators, as for members of countersign_admin on the
    /// command line.
    static func content(
        _ asked: String?, _ frame: PageFrame, _ connection: inout Connection
    ) async throws -> [String: Any] {
        guard let asked, !asked.isEmpty else { return ["asked": ""] }
        guard let id = Identifier(asked) else {
            return ["asked": asked, "problem": "A transaction id is a UUID of 36 characters."]
        }
        guard let life = try await RequestLife.read(id, &connection) else {
            return ["asked": asked, "problem": "There is no such request; they are kept for 30 days."]
        }
        return [
            "asked": asked,
            "life": ["id": "\(id)", "facts": facts(life, frame), "steps": steps(life)] as [String: Any],
        ]
    }

    private static func facts(_ life: RequestLife, _ frame: PageFrame) -> [[String: String]] {
        let request = life.request
        let person = frame.isAdmin ? life.person : nil
        let facts: [(String, String?)] = [
            ("Portal", request.portal), ("Type", request.type), ("Status", request.status),
            ("Callback", request.callbackURI), ("Message", request.message), ("App", request.app),
            ("Enrollment", request.enrollmentID.map { "\($0)" }),
            ("Signature verified", request.signatureVerified.map { $0 ? "yes" : "no" }),
            ("User", person?.userID), ("Device", person?.deviceID),
            ("Webhook", life.delivery?.status),
        ]
        return facts.compactMap { name, value in value.map { ["name": name, "value": $0] } }
    }

    /// In the order in which they happened.
    private static func steps(_ life: RequestLife) -> [[String: String]] {
        let request = life.request
        var steps: [(Timestamp?, String, String)] = [
            (request.requestedAt, "requested", "expires \(shown(request.expiresAt))"),
            (request.issuedAt, "issued", ""), (request.scannedAt, "scanned", ""),
            (request.resolvedAt, request.status, ""),
        ]
        steps += life.submissions.map {
            (
                $0.submittedAt, "submission: \($0.action ?? "?")",
                [$0.status, $0.reason ?? ""].joined(separator: " ")
            )
        }
        steps += (life.delivery?.attempts ?? []).map { attempt in
            let answer = attempt.statusCode.map { "\($0)" } ?? attempt.errorClass ?? "delivered"
            return (
                attempt.startedAt, "webhook attempt \(attempt.number)",
                "\(answer), \(Int(attempt.duration / .milliseconds(1))) ms"
            )
        }
        return steps.compactMap { at, what, details in at.map { ($0, what, details) } }.sorted { $0.0 < $1.0 }
            .map { ["at": shown($0.0, isPrecise: true), "what": $0.1, "details": $0.2] }
    }
}
