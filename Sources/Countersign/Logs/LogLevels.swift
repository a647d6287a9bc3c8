package import Logging
package import Postgres
import Synchronization

/// How much each module logs, changeable while the process runs. A module is a stage's name or what its logger is
/// called: `worker`, `gateway`, `operations`.
package final class LogLevels: Sendable {
    /// The name that stands for every module without a level of its own.
    package static let everyModule = "all"

    /// Every name that a level can be set for.
    package static let modules =
        [everyModule, "worker", "gateway", "operations"] + StageName.allCases.map(\.rawValue)

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

extension LogLevels {
    /// What operators have set.
    package static func read(_ connection: inout Connection) async throws -> [String: Logger.Level] {
        known(try await connection.run(ReadLogLevels()).all())
    }

    /// Unknown levels, which a newer schema may have, are passed over.
    package static func known(_ levels: [ReadLogLevels.Output]) -> [String: Logger.Level] {
        let known = levels.map { ($0.module, Logger.Level(rawValue: $0.level)) }
        return Dictionary(uniqueKeysWithValues: known).compactMapValues(\.self)
    }
}

package struct ReadLogLevels: PreparedStatement {
    package struct Output: Sendable {
        package let module: String
        package let level: String
    }

    package init() {}

    package static let statement = Statement(
        "log_levels.read", "SELECT module, level FROM countersign.log_levels")

    package static func decode(_ row: inout RowReader) throws -> Output {
        Output(module: try row.text("module"), level: try row.text("level"))
    }
}
