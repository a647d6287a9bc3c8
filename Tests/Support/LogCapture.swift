import Countersign
package import Logging
import Synchronization

/// Keeps what is logged, for tests that ask what was said, or was not, and for those that fail.
package final class LogCapture: Sendable {
    @TaskLocal package static var current = LogCapture()

    private let storage = Mutex<[String]>([])

    package init() {}

    /// Everything logged so far: level, label, message and metadata, one entry each.
    package var lines: [String] { storage.withLock(\.self) }
    package var text: String { lines.joined(separator: "\n") }

    /// A logger of every level whose lines come here.
    package func logger(_ label: String = "test") -> Logger {
        var logger = Logger(label: label) { _ in CapturingHandler(label: label, capture: self) }
        logger.logLevel = .trace
        return logger
    }

    fileprivate func append(_ line: String) {
        storage.withLock { $0.append(line) }
    }
}

private struct CapturingHandler: LogHandler {
    let label: String
    let capture: LogCapture
    var metadata: Logger.Metadata = [:]
    var metadataProvider: Logger.MetadataProvider? = LogContext.provider
    var logLevel = Logger.Level.trace

    subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    func log(event: LogEvent) {
        let provided = metadataProvider?.get() ?? [:]
        let all = metadata.merging(provided) { $1 }.merging(event.metadata ?? [:]) { $1 }
        let pairs = all.sorted { $0.key < $1.key }.map { " \($0)=\($1)" }.joined()
        let error = event.error.map { " error=\($0)" } ?? ""
        capture.append("\(event.level) \(label): \(event.message)\(pairs)\(error)")
    }
}
