import Countersign
import Postgres

/// Whether history has gone back and nobody has looked after it, and what has to be done again.
struct EpochCheck {
    let journal: Journal?

    func findings(_ connection: inout Connection) async throws -> [Finding] {
        guard let restore = try await Restore.latest(&connection) else {
            return [Finding("history", .ok, "has never gone back, as far as can be known")]
        }
        guard restore.releasedAt == nil else {
            let times = restore.number == 1 ? "once" : "\(restore.number) times"
            return [Finding("history", .ok, "has gone back \(times), and was looked after")]
        }
        let found = Finding(
            "history", .error, "\(restore)",
            "Repeat what was done since, then run `countersign restored`: \(restore.waiting) webhooks wait for it.",
            Remedy(["countersign restored"], by: .shell))
        return try await [found] + toRepeat(since: restore.knownUntil)
    }

    private func toRepeat(since: Timestamp?) async throws -> [Finding] {
        guard let since else { return [] }
        guard let journal else {
            return [
                Finding(
                    "history", .warning,
                    "what was done after \(since) is not known here: enrollments, revocations, switches, secrets",
                    "Compare with what you have elsewhere, or examine with --journal.")
            ]
        }
        return try await journal.commands(since: since).map {
            Finding("history", .error, "undone: \($0.command) (of \($0.at))", "Do it again.")
        }
    }
}
