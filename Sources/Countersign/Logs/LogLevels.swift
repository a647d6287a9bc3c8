package import Logging
import Synchronization

/// How much each module logs, changeable while the process runs. A module is a stage's name or what its logger is
/// called: `worker`, `gateway`, `operations`.
package final class LogLevels: Sendable {
    /// The name that stands for every module without a level of its own.
    package static let everyModule = "all"

    private struct State {
        var base: Logger.Level
        var given: [String: Logger.Level] = [:]
    }
    private let state: Mutex<State>

    /// `base` is what `--log-level` says.
    package init(_ base: Logger.Level = .info) { state = Mutex(State(base: base)) }

    package subscript(module: String) -> Logger.Level {
        state.withLock { $0.given[module] ?? $0.given[Self.everyModule] ?? $0.base }
    }

    /// Takes the place of everything that was given before. Returns whether anything is new.
    @discardableResult
    package func replace(_ levels: [String: Logger.Level]) -> Bool {
        state.withLock { state in
            defer { state.given = levels }
            return state.given != levels
        }
    }
}
