import Countersign
import Postgres

extension AuditEvent {
    /// An object in one line, with the members that `countersign events --json` has.
    ///
    /// - Parameter showsUsers: whether users, actors and details are for who reads it.
    package func json(showsUsers: Bool) -> String {
        var members = [
            ("event_id", jsonString("\(id)")), ("occurred_at", jsonString("\(occurredAt)")),
            ("type", jsonString(type)), ("transaction_id", text(transactionID?.description)),
            ("enrollment_id", text(enrollmentID?.description)), ("portal", text(portal)), ("app", text(app)),
        ]
        if showsUsers {
            members += [
                ("user_id", text(userID)), ("actor", text(actor)),
                ("details", details.map(jsonPrintable) ?? "null"),
            ]
        }
        return "{\(members.map { "\"\($0.0)\": \($0.1)" }.joined(separator: ", "))}"
    }

    private func text(_ text: String?) -> String { text.map(jsonString) ?? "null" }
}
