import Administration
import Logging
import Postgres
import Synchronization

/// What pages show and nobody waits for: the doctor's findings, asked once a minute while somebody looks, and the history,
/// which changes once a minute.
final class ConsoleBackground: Sendable {
    private struct State {
        var findings: (all: [Finding], at: Timestamp)?
        var due = ContinuousClock.now
        var isAsking = false
        var histories: [History.Span: (history: History, until: ContinuousClock.Instant)] = [:]
        var receivers: (figures: WebhookReceiver.AllFigures, until: ContinuousClock.Instant)?
    }

    private let pool: Pool
    private let logger: Logger
    private let state = Mutex(State())

    init(pool: Pool, logger: Logger) {
        self.pool = pool
        self.logger = logger
    }

    /// The last there are; nil before the first. Has the doctor asked again when they are a minute old.
    func findings() -> (all: [Finding], at: Timestamp)? {
        let (findings, isDue) = state.withLock { state in
            let isDue = !state.isAsking && state.due <= .now
            if isDue { state.isAsking = true }
            return (state.findings, isDue)
        }
        if isDue { Task { await ask() } }
        return findings
    }

    private func ask() async {
        var asked: (all: [Finding], at: Timestamp)?
        do {
            asked = try await pool.withConnection { connection in
                let findings = try await Doctor(sealer: nil).examine(&connection)
                return (findings, try await connection.run(ReadClock()).one().time)
            }
        } catch {
            logger.warning("the doctor could not be asked", metadata: ["error": "\(error)"])
        }
        state.withLock { state in
            if let asked { state.findings = asked }
            state.isAsking = false
            state.due = .now + .seconds(60)
        }
    }

    func history(_ span: History.Span, _ connection: inout Connection) async throws -> History {
        let kept = state.withLock { $0.histories[span] }
        if let kept, kept.until > .now { return kept.history }
        let history = try await History.read(span, &connection)
        state.withLock { $0.histories[span] = (history, .now + .seconds(15)) }
        return history
    }

    /// A quarter of a minute old at most: a page that follows would ask every two seconds.
    func receiverFigures(_ connection: inout Connection) async throws -> WebhookReceiver.AllFigures {
        let kept = state.withLock(\.receivers)
        if let kept, kept.until > .now { return kept.figures }
        let figures = try await WebhookReceiver.figures(&connection)
        state.withLock { $0.receivers = (figures, .now + .seconds(15)) }
        return figures
    }
}
