package import Postgres

/// For which days a statement is planned.
///
/// A plan for all of them locks and prepares each day's partition, once a join: one row cost `validate` 2,417 us with
/// nine partitions of a table and 4,749 with 39. So batches are for the days in question. Codes are issued to what lies outside
/// by the next batch, which is for any day. `validate`, and who writes what became of webhooks, do nothing when they would
/// have to write there, and do the whole once more for any day. An invented code names a random day, and must be judged
/// before what was submitted after it: so what is only read is looked for everywhere in the same statement, by a function.
package enum Days: Sendable {
    /// From an hour ago to tomorrow, as seen when the plan is made: see `is_recent()` in `identifiers.sql`.
    case recent
    case any

    /// A condition that begins with AND, or nothing.
    package func condition(_ column: String) -> String {
        self == .any ? "" : " AND countersign.is_recent(\(column))"
    }

    /// Whether the id lies outside.
    package func isOutside(_ column: String) -> String {
        self == .any ? "false" : "NOT countersign.is_recent(\(column))"
    }

    /// The row of a table with that id, as a query: by a function where it is not of these days. Both halves read the clock when
    /// they are planned, and find the same row when an hour has begun between them. Of the two halves together each column is
    /// prepared several times, so statements that are run for few rows name those that they read.
    package func row(of table: String, _ key: String, _ id: String, columns: [String] = ["*"]) -> String {
        let columns = columns.map { "n." + $0 }.joined(separator: ", ")
        let here =
            "SELECT \(columns) FROM countersign.\(table) n WHERE n.\(key) = \(id)\(condition("n.\(key)"))"
        guard self == .recent else { return here }
        let function = table == "submissions" ? "submission_of_any_day" : "request_of_any_day"
        return """
            \(here)
            UNION ALL
            SELECT \(columns) FROM countersign.\(function)(\(id)) n WHERE \(isOutside(id))
            LIMIT 1
            """
    }
}

/// A statement in two forms, for the days in question and for any.
package protocol StatementForDays: StatementFamily {
    static var recent: Statement { get }
    static var any: Statement { get }
    var days: Days { get }
}

extension StatementForDays {
    package static var members: [Statement] { [recent, any] }
    package var statement: Statement { days == .recent ? Self.recent : Self.any }
}

/// Which days the statements of one loop are for: few, but for a minute after one of them has met a row of another day.
package struct DayMemory: Sendable {
    private var looksEverywhereUntil = ContinuousClock.now

    package init() {}

    package var days: Days { looksEverywhereUntil > .now ? .any : .recent }

    package mutating func lookEverywhere() { looksEverywhereUntil = .now + .seconds(60) }
}

extension SQLState {
    /// What is to be written is not of the days that the statement is planned for: nothing was.
    package static let outsideDays: SQLState = "CS900"
    /// Of what is to be written not all can be, as it is: nothing was.
    package static let notAll: SQLState = "CS901"
}
