import Administration
import Logging
import Postgres
import Synchronization

/// What pages share: the doctor's findings, asked once a minute while somebody looks, for which nobody waits; and what
/// is read and drawn once for all who look.
final class ConsoleBackground: Sendable {
    private struct State {
        var findings: (all: [Finding], at: Timestamp)?
        var due = ContinuousClock.now
        var isAsking = false
    }

    /// Pages that follow ask every two seconds each.
    let overview = Kept<Overview>(for: .seconds(1))
    /// The charts of the first page as HTML: most of what it takes. They change once a minute.
    let charts = Dictionary(
        uniqueKeysWithValues: History.Span.allCases.map { ($0, Kept<String>(for: .seconds(15))) })
    let receiverFigures = Kept<WebhookReceiver.AllFigures>(for: .seconds(15))
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
}
