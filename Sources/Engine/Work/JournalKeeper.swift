import Countersign
import Logging
import Postgres
import Synchronization

/// What a worker does with its journal: it writes down what it has seen of the database, and has revoked again whatever
/// the journal says was revoked, once at its start and after each restore.
///
/// The heartbeat, whose session it uses, waits for no file: those are read and written meanwhile.
final class JournalKeeper: Sendable {
    private static let interval = Duration.seconds(5)
    /// That many enrollments at a time keep no heartbeat waiting.
    private static let most = 1_000

    private struct State {
        /// The epoch for which the journal has been read.
        var readFor: Int?
        var revoked: [Identifier] = []
        var isBusy = false
        var due = ContinuousClock.now
    }
    private let journal: Journal
    private let context: WorkerContext
    private let state = Mutex(State())

    init(_ journal: Journal, _ context: WorkerContext) { (self.journal, self.context) = (journal, context) }

    /// Once a second.
    func turn(_ connection: inout Connection) async throws {
        guard let known = context.epoch.known else { return }
        lookOutside(known)
        let ids = state.withLock { state in
            let ids = Array(state.revoked.prefix(Self.most))
            state.revoked.removeFirst(ids.count)
            return ids
        }
        guard !ids.isEmpty else { return }
        let found = try await connection.run(RevokeAgain(enrollments: ids)).all()
        let held = found.filter { !$0.isRevoked }.map(\.enrollment)
        state.withLock { $0.revoked += held }
        guard held.count < found.count else { return }
        context.logger.notice(
            "enrollments of before the restore revoked again",
            metadata: ["rows": "\(found.count - held.count)"])
    }

    /// A journal that cannot be used stops nobody: it is said, and tried again.
    private func lookOutside(_ known: EpochState) {
        let isDue = state.withLock { state in
            guard !state.isBusy, state.due <= .now || state.readFor != known.number else { return false }
            (state.isBusy, state.due) = (true, .now + Self.interval)
            return true
        }
        guard isDue else { return }
        Task {
            do {
                try await read(for: known.number)
                try await journal.remember(life: known.life, notes: known.notes)
            } catch {
                context.logger.error("journal cannot be used", metadata: ["error": "\(error)"])
            }
            state.withLock { $0.isBusy = false }
        }
    }

    private func read(for epoch: Int) async throws {
        guard state.withLock({ $0.readFor != epoch }) else { return }
        let revoked = try await journal.revoked()
        state.withLock { ($0.revoked, $0.readFor) = (revoked, epoch) }
    }
}
