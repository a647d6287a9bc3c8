package import Logging
import Synchronization

/// What the lines of one piece of work are about: ids that are found out while it goes on, such as the portal and
/// the transaction of an HTTP request. It belongs to the task and its children, so that lines of deeper layers name
/// them, too, whoever's logger they go through.
package final class LogContext: Sendable {
    @TaskLocal package static var current: LogContext?

    /// Gives the loggers' handlers what the task that logs is about.
    package static let provider = Logger.MetadataProvider { current?.fields.withLock(\.self) ?? [:] }

    private let fields: Mutex<Logger.Metadata>

    package init(_ fields: Logger.Metadata = [:]) { self.fields = Mutex(fields) }

    /// Says more about what the task does; nothing where nobody has begun a context.
    package static func note(_ key: String, _ value: @autoclosure () -> String) {
        guard let current else { return }
        let value = value()
        current.fields.withLock { $0[key] = .string(value) }
    }
}
