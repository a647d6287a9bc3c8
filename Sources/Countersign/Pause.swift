package import Postgres

/// That a portal or a stage is paused, and who did that when. Both are nil where the database does not know.
package struct Pause: Sendable, Hashable {
    package let since: Timestamp?
    /// An account of the console, or else a login.
    package let by: String?

    /// Reads the columns `paused`, `paused_at` and `paused_by`; nil of what is not paused.
    package static func read(_ row: inout RowReader) throws -> Pause? {
        let isPaused = try row.bool("paused")
        let since = try row.optionalTimestamp("paused_at")
        let by = try row.optionalText("paused_by")
        return isPaused ? Pause(since: since, by: by.map(Self.name)) : nil
    }

    /// The audit trail writes `console:` before accounts, to tell them from logins.
    private static func name(_ actor: String) -> String {
        actor.hasPrefix("console:") ? String(actor.dropFirst("console:".utf8.count)) : actor
    }
}
