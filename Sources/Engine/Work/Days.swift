/// For which days a statement is planned.
///
/// A plan for all of them locks and prepares each day's partition, once a join: one row cost `validate` 2,417 us with
/// nine partitions of a table and 4,749 with 39. So batches are for the days in question, and tell of rows that lie
/// outside: those are left to the next batch, which is for any day. Not so `validate`: an invented code names a random day, and
/// must be judged before what was submitted after it.
package enum Days: Sendable {
    /// From an hour ago to tomorrow, as seen when the plan is made: see `is_recent()` in `identifiers.sql`.
    case recent
    case any

    /// A condition that begins with AND, or nothing.
    func condition(_ column: String) -> String {
        self == .any ? "" : " AND countersign.is_recent(\(column))"
    }

    /// Whether the id lies outside.
    func isOutside(_ column: String) -> String {
        self == .any ? "false" : "NOT countersign.is_recent(\(column))"
    }
}
