import Foundation
package import Logging
import Postgres
import Synchronization

/// Writes each event as one line, for people or as JSON, with its metadata. What is logged are names of events,
/// ids and errors; codes and secrets never get this far.
package struct LineLogHandler: LogHandler {
    /// `--log-format`.
    package enum Format: String, Sendable, CaseIterable { case text, json }

    private let format: Format
    private let levels: LogLevels
    private let write: @Sendable (String) -> Void
    /// What its level goes by: the stage, else the logger's label.
    private var module: String
    package var metadata: Logger.Metadata = [:]
    package var metadataProvider: Logger.MetadataProvider? = LogContext.provider

    package init(
        label: String, format: Format, levels: LogLevels,
        write: @escaping @Sendable (String) -> Void = { writeToStandardError($0) }
    ) {
        self.format = format
        self.levels = levels
        self.write = write
        module = label
    }

    /// The module's, or a level given to this logger alone.
    package var logLevel: Logger.Level {
        get { own ?? levels[module] }
        set { own = newValue }
    }
    private var own: Logger.Level?

    package subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set {
            metadata[key] = newValue
            if key == "stage", let newValue { module = "\(newValue)" }
        }
    }

    package func log(event: LogEvent) {
        // The most are the event's own: the others are added to those.
        var all = event.metadata ?? [:]
        all.merge(metadata) { own, _ in own }
        if let provided = metadataProvider?.get() { all.merge(provided) { own, _ in own } }
        if let error = event.error { all["error"] = "\(error)" }
        let more = all.sorted { $0.key < $1.key }
        write(format == .json ? json(event, more) : text(event, more))
    }

    /// RFC 8259, strings only. A key that the line has already gets an underscore.
    private func json(_ event: LogEvent, _ more: [(key: String, value: Logger.Metadata.Value)]) -> String {
        var line = "{\"time\":\"\(Timestamp.now())\",\"level\":\"\(event.level.rawValue)\",\"module\":"
        line.reserveCapacity(512)
        appendJSONString(module, to: &line)
        line += ",\"event\":"
        appendJSONString(event.message.description, to: &line)
        for (key, value) in more {
            line += ","
            appendJSONString(Self.reserved.contains(key) ? key + "_" : key, to: &line)
            line += ":"
            appendJSONString(value.description, to: &line)
        }
        return line + "}"
    }

    private static let reserved: Set = ["time", "level", "module", "event"]

    private func text(_ event: LogEvent, _ more: [(key: String, value: Logger.Metadata.Value)]) -> String {
        var line = "\(Timestamp.now()) \(event.level.rawValue) \(module): \(event.message)"
        for (key, value) in more {
            let value = value.description
            line += " \(key)="
            if value.utf8.contains(where: { $0 == UInt8(ascii: " ") }) || !isPlain(value) {
                appendJSONString(value, to: &line)
            } else {
                line += value
            }
        }
        return line
    }
}

/// Printable ASCII without what has to be escaped, as nearly everything that is logged.
private func isPlain(_ text: String) -> Bool {
    text.utf8.allSatisfy { (0x20...0x7E).contains($0) && $0 != 0x22 && $0 != 0x5C }
}

/// One write a line, so that lines of several tasks do not mix.
private let standardError = Mutex(FileHandle.standardError)

package func writeToStandardError(_ line: String) {
    standardError.withLock { handle in try? handle.write(contentsOf: Data((line + "\n").utf8)) }
}
