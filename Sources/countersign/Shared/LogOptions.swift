import ArgumentParser
import Logging

/// How much a running service says.
struct LogOptions: ParsableArguments {
    @Option(help: "trace, debug, info, notice, warning, error or critical. (default: info)")
    var logLevel: String?

    func logger(_ environment: Environment) throws -> Logger {
        let name = logLevel ?? environment.text("log-level") ?? "info"
        guard let level = Logger.Level(rawValue: name) else {
            let allowed = Logger.Level.allCases.map(\.rawValue).joined(separator: ", ")
            throw Failure(.usage, "--log-level must be one of \(allowed), not '\(name)'")
        }
        var logger = Logger(label: "countersign") { StreamLogHandler.standardError(label: $0) }
        logger.logLevel = level
        return logger
    }
}
