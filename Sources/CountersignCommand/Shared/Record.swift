import Postgres

/// One thing of a listing: named fields in order. The same record makes a table's row and a JSON object.
struct Record: ExpressibleByDictionaryLiteral {
    struct Entry {
        let name: String
        let field: Field
    }

    private(set) var entries: [Entry]

    init(dictionaryLiteral elements: (String, Field)...) {
        entries = elements.map { Entry(name: $0.0, field: $0.1) }
    }

    mutating func append(_ name: String, _ field: Field) {
        entries.append(Entry(name: name, field: field))
    }

    static func + (left: Record, right: Record) -> Record {
        var sum = left
        sum.entries += right.entries
        return sum
    }
}

/// A value of a record. nil is `null` in JSON and `-` in a table.
enum Field {
    case text(String?)
    case number(Int?)
    /// As a number in JSON.
    case estimate(Int)
    case flag(Bool?)
    case time(Timestamp?)
    /// To the microsecond, and for people how long it came after another time.
    case moment(Timestamp?, since: Timestamp? = nil)
    /// JSON has the time, a table how long that was ago.
    case age(of: Timestamp?, at: Timestamp)
    /// JSON has seconds.
    case seconds(Duration)
    /// JSON has milliseconds.
    case milliseconds(Duration)
    case texts([String])
    /// A JSON value as the database made it, and what people read of it.
    case document(String?, summary: String?)
    /// An object.
    case map([(name: String, text: String)])
    case record(Record?)
    case records([Record])
}

extension Field {
    /// One line for people, safe for a terminal.
    var text: String { plain(rawText) }

    private var rawText: String {
        switch self {
        case .text(let text): text ?? "-"
        case .number(let number): number.map { "\($0)" } ?? "-"
        case .estimate(let number): "~\(number)"
        case .flag(let flag): flag.map { $0 ? "yes" : "no" } ?? "-"
        case .time(let time): time.map(\.inSeconds) ?? "-"
        case .moment(let time, let start): time.map { "\($0)" + $0.distance(from: start) } ?? "-"
        case .age(let time, let now): time.map { readable($0.duration(to: now)) } ?? "-"
        case .seconds(let duration), .milliseconds(let duration): readable(duration)
        case .texts(let texts): texts.isEmpty ? "-" : texts.joined(separator: ", ")
        case .map(let entries):
            entries.isEmpty ? "-" : entries.map { "\($0.name)=\($0.text)" }.joined(separator: "; ")
        case .document(_, let summary): summary ?? "-"
        case .record, .records: "..."
        }
    }

    var isNumeric: Bool {
        switch self {
        case .number, .estimate, .age, .seconds, .milliseconds: true
        default: false
        }
    }
}

extension Timestamp {
    fileprivate func distance(from start: Timestamp?) -> String {
        guard let start, start != self else { return "" }
        return "  (+ \(readable(start.duration(to: self))))"
    }

    /// RFC 3339 UTC, cut to the second.
    var inSeconds: String {
        isFinite ? description.prefix(19) + "Z" : description
    }
}
