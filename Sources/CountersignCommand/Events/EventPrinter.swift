import Administration
import Countersign
import Foundation
import Postgres

/// One event a line, as text, as JSON or as a syslog message (RFC 5424).
struct EventPrinter {
    private let format: EventFormat
    private let enterprise: Int
    private let showsUsers: Bool
    private let host = ProcessInfo.processInfo.hostName

    init(_ wanted: FollowOptions.Wanted, showsUsers: Bool) {
        format = wanted.format
        enterprise = wanted.enterprise
        self.showsUsers = showsUsers
    }

    /// With the end of the line.
    func line(_ line: EventStream.Line) -> String {
        let event = line.event
        let record: Record = ["event_id": .text("\(event.id)")] + event.record(showsUsers: showsUsers)
        let text =
            switch format {
            case .text: text(event)
            case .json: Field.record(record + ["cursor": .text("\(line.cursor)")]).json(indent: nil)
            case .syslog: syslog(event, line.cursor)
            }
        return text + "\n"
    }

    /// What is known, by name.
    private func facts(_ event: AuditEvent) -> [(name: String, value: String)] {
        let all = [
            ("transaction_id", event.transactionID?.description),
            ("enrollment_id", event.enrollmentID?.description), ("portal", event.portal), ("app", event.app),
            ("user_id", event.userID), ("actor", event.actor),
        ]
        return all.compactMap { name, value in value.map { (name, $0) } }
    }

    private func text(_ event: AuditEvent) -> String {
        let facts = facts(event).map { "\($0.name)=\($0.value)" }
        let words = ["\(event.occurredAt)", event.type] + facts + [event.summary].compactMap(\.self)
        return plain(words.joined(separator: " "))
    }

    /// RFC 5424, section 6: facility 13, the log audit; a warning where something was refused, else informational. The
    /// evidence of an answer is left out: receivers need not take more than 2,048 bytes.
    private func syslog(_ event: AuditEvent, _ cursor: EventCursor) -> String {
        let isRefusal = [".rejected", ".refused", ".failed", ".locked", ".dead"].contains {
            event.type.hasSuffix($0)
        }
        let priority = 13 * 8 + (isRefusal ? 4 : 6)
        let facts = [("event_id", "\(event.id)")] + facts(event) + [("cursor", "\(cursor)")]
        let data = facts.map { " \($0.0)=\"\(escaped($0.1))\"" }.joined()
        let message = plain([event.type, event.summary].compactMap(\.self).joined(separator: " "))
        // A text that is not ASCII says that it is UTF-8 (section 6.4).
        let mark = message.utf8.allSatisfy { $0 < 0x80 } ? "" : "\u{FEFF}"
        let header = "<\(priority)>1 \(event.occurredAt) \(printable(host, 255)) countersign -"
        return "\(header) \(printable(event.type, 32)) [countersign@\(enterprise)\(data)] \(mark)\(message)"
    }

    /// Section 6.3.3: a quote, a backslash and a closing bracket stand behind a backslash.
    private func escaped(_ value: String) -> String {
        plain(value).unicodeScalars.map { "\"\\]".unicodeScalars.contains($0) ? "\\\($0)" : "\($0)" }.joined()
    }

    /// Section 6: printable ASCII without spaces, of so many characters at most, or the sign for none.
    private func printable(_ text: String, _ limit: Int) -> String {
        let characters = text.unicodeScalars.filter { (0x21...0x7E).contains($0.value) }.prefix(limit)
        return characters.isEmpty ? "-" : String(String.UnicodeScalarView(characters))
    }
}
