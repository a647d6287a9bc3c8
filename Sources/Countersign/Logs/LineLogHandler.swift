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
    package var metadataProvider: Logger.MetadataProvider?

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
        let provided = metadataProvider?.get() ?? [:]
        var all = provided.merging(metadata) { $1 }.merging(event.metadata ?? [:]) { $1 }
        if let error = event.error { all["error"] = "\(error)" }
        all["stage"] = nil
        let fields = [
            ("time", "\(Timestamp.now())"), ("level", event.level.rawValue), ("module", module),
            ("event", "\(event.message)"),
        ]
        let more = all.sorted { $0.key < $1.key }.map { ($0.key, "\($0.value)") }
        write(format == .json ? Self.json(fields + more) : Self.text(fields, more))
    }

    /// RFC 8259, strings only. A key that the line has already gets an underscore.
    private static func json(_ fields: [(String, String)]) -> String {
        var seen: Set<String> = []
        let members = fields.map { name, value in
            let key = seen.insert(name).inserted ? name : name + "_"
            return "\(quoted(key)):\(quoted(value))"
        }
        return "{\(members.joined(separator: ","))}"
    }

    private static func text(_ fields: [(String, String)], _ more: [(String, String)]) -> String {
        let head = "\(fields[0].1) \(fields[1].1) \(fields[2].1): \(fields[3].1)"
        let rest = more.map { name, value in
            " \(name)=\(value.contains(where: { $0 == " " || $0 == "\"" || $0.isNewline }) ? quoted(value) : value)"
        }
        return head + rest.joined()
    }
}

/// Quotes and escapes, also what could forge another line or move a terminal's cursor.
private func quoted(_ text: String) -> String {
    let scalars = text.unicodeScalars.map { scalar -> String in
        switch scalar.value {
        case 0x22: "\\\""
        case 0x5C: "\\\\"
        case 0...0x1F, 0x7F...0x9F, 0x2028, 0x2029:
            "\\u" + String(scalar.value + 0x10000, radix: 16).dropFirst()
        default: String(scalar)
        }
    }
    return "\"\(scalars.joined())\""
}

/// One write a line, so that lines of several tasks do not mix.
private let standardError = Mutex(FileHandle.standardError)

package func writeToStandardError(_ line: String) {
    standardError.withLock { handle in try? handle.write(contentsOf: Data((line + "\n").utf8)) }
}
