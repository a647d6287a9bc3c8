extension PostgresError {
    /// The error that a result reports; nil when it is libpq's own, which has no SQLSTATE.
    init?(_ result: ServerResult) {
        guard let code = result.diagnostic(.state) else { return nil }
        let state = SQLState(rawValue: code)
        let message = result.diagnostic(.message) ?? ""
        // Data exceptions, integrity constraints, WITH CHECK OPTION: the detail quotes the row or the value.
        let holdsValues = ["22", "23", "44"].contains { SQLState(rawValue: $0) ~= state }
        self.init(
            state, "22" ~= state ? withoutQuotation(message) : message,
            detail: holdsValues ? nil : result.diagnostic(.detail),
            hint: result.diagnostic(.hint),
            constraint: result.diagnostic(.constraint))
    }
}

extension ServerResult {
    /// Whether the failed statement would succeed if it were prepared anew: DDL has changed the columns of
    /// its result, or somebody has deallocated it. The message is translated, the reporting function is not.
    var meansStalePlan: Bool {
        switch diagnostic(.state).map(SQLState.init(rawValue:)) {
        case SQLState.stalePlan: diagnostic(.function) == "RevalidateCachedQuery"
        case SQLState.unknownStatement: true
        default: false
        }
    }
}

/// Class 22 quotes the value that it could not read: `invalid input syntax for type uuid: "..."`. The value
/// may itself hold quotation marks, so all between the first and the last goes, in whatever language the server speaks
/// (`lc_messages`). Looks at scalars, as a combining character of the value would make another character of the mark before it.
func withoutQuotation(_ message: String) -> String {
    let scalars = message.unicodeScalars
    let marks: Set<Unicode.Scalar> = [
        "\"", "«", "»", "‹", "›", "„", "“", "”", "‚", "‘", "’", "「", "」", "『", "』",
    ]
    guard let start = scalars.firstIndex(where: marks.contains),
        let end = scalars.lastIndex(where: marks.contains)
    else { return message }
    return String(scalars[...start]) + "..." + String(scalars[end...])
}
