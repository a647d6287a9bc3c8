import ArgumentParser
import Countersign
import Logging

/// How a long-running command logs. Logs go to standard error.
struct LogOptions: ParsableArguments {
    @Option(help: "trace, debug, info, notice, warning, error or critical. (default: info)")
    var logLevel: String?

    @Option(help: "text, or json: an object a line. (default: text)")
    var logFormat: String?

    func level(_ environment: Environment) throws -> Logger.Level {
        let name = logLevel ?? environment.text("log-level") ?? "info"
        guard let level = Logger.Level(rawValue: name) else {
            let allowed = Logger.Level.allCases.map(\.rawValue).joined(separator: ", ")
            throw Failure(.usage, "--log-level must be one of \(allowed), not '\(name)'")
        }
        return level
    }

    /// `module` is what `countersign log-level set` calls it.
    func logger(_ module: String, _ levels: LogLevels, _ environment: Environment) throws -> Logger {
        let name = logFormat ?? environment.text("log-format") ?? "text"
        guard let format = LineLogHandler.Format(rawValue: name) else {
            throw Failure(.usage, "--log-format must be text or json, not '\(name)'")
        }
        return Logger(label: module) { LineLogHandler(label: $0, format: format, levels: levels) }
    }
}
