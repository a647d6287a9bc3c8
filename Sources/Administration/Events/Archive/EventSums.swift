import Countersign
import Crypto
import FoundationEssentials
import Postgres

/// Adds up the digests of archived events, span by span, as the database did when it closed them.
struct EventSums {
    private(set) var count = 0
    private(set) var first: String?
    private(set) var last: String?
    private(set) var content = ""

    private let spans: [ArchiveManifest.Span]
    private let erased: [String: [UInt8]]
    private var digest: [UInt8]
    private var problems: [String] = []
    private var whole = SHA256()
    private var part = SHA256()
    private var inPart = 0
    private var index = 0

    init(_ spans: [ArchiveManifest.Span], erased: [ArchiveManifest.Erased], before: String?) {
        self.spans = spans
        self.erased = Dictionary(
            erased.map { ($0.eventID, bytes(ofHexadecimal: $0.before) ?? []) }, uniquingKeysWith: { $1 })
        digest = before.flatMap { bytes(ofHexadecimal: $0) } ?? []
    }

    /// The next line.
    mutating func add(_ line: [UInt8]) {
        guard let id = Self.identifier(line), last.map({ $0 < id }) ?? true else {
            return fail("line \(count + 1) is no event, or not in its place")
        }
        // The same number of digits for the next 8,000 years: the time of an id is its first 48 bits.
        while index < spans.count, Self.milliseconds(id) >= Self.milliseconds(spans[index]) { endSpan() }
        let hash = erased[id] ?? Array(SHA256.hash(data: line))
        whole.update(data: hash)
        part.update(data: hash)
        (count, inPart) = (count + 1, inPart + 1)
        (first, last) = (first ?? id, id)
    }

    /// What does not fit.
    mutating func end() -> [String] {
        while index < spans.count { endSpan() }
        if inPart > 0 { fail("\(inPart) events are part of no closed span") }
        content = hexadecimal(whole.finalize())
        return problems
    }

    private mutating func endSpan() {
        let span = spans[index]
        let sum = Array(part.finalize())
        let text = "\(span.since) \(span.until) \(span.events) "
        digest = Array(SHA256.hash(data: digest + Array(text.utf8) + sum))
        if inPart != span.events {
            fail("\(inPart) events are there until \(span.until), \(span.events) were")
        } else if hexadecimal(sum) != span.content {
            fail("an event before \(span.until) was changed")
        } else if hexadecimal(digest) != span.digest {
            fail("the digest of \(span.until) was changed, or one before it")
        }
        if index > 0, spans[index - 1].until != span.since { fail("a span before \(span.since) is missing") }
        // What follows is compared with what the file says, so that one fault is told once.
        digest = bytes(ofHexadecimal: span.digest) ?? []
        (part, inPart, index) = (SHA256(), 0, index + 1)
    }

    private mutating func fail(_ sentence: String) { problems.append(sentence) }

    /// The first thing of the line's array; an UUID in small letters.
    private static func identifier(_ line: [UInt8]) -> String? {
        guard line.count > 40, line[0] == UInt8(ascii: "["), line[1] == UInt8(ascii: "\""),
            line[38] == UInt8(ascii: "\"")
        else { return nil }
        return String(decoding: line[2..<38], as: UTF8.self)
    }

    private static func milliseconds(_ id: String) -> Int {
        Int(id.prefix(13).filter { $0 != "-" }, radix: 16) ?? 0
    }

    /// Where the span ends. Spans end at whole milliseconds, as ids have no others.
    private static func milliseconds(_ span: ArchiveManifest.Span) -> Int {
        let parts = span.until.split(separator: ".")
        let seconds = parts.first.flatMap { Int($0) } ?? 0
        let fraction = parts.count > 1 ? Int(parts[1].prefix(3)) ?? 0 : 0
        return seconds * 1_000 + fraction
    }
}
