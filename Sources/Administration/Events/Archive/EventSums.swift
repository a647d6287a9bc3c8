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
    private(set) var erasures: ArchivedErasures
    /// What events tell of archives: SHA-256 of the manifests of a partition, of which a restore may leave several.
    private(set) var archived: [String: Set<String>] = [:]

    private let spans: [ArchiveManifest.Span]
    /// In milliseconds.
    private let ends: [Int]
    private let erased: [String: ArchivedErasures.Event]
    private var digest: [UInt8]
    private var problems: [String] = []
    private var whole = SHA256()
    private var part = SHA256()
    private var inPart = 0
    private var index = 0
    private var misplaced = 0
    private var erasedHere = 0
    private var changed = 0

    init(_ manifest: ArchiveManifest, _ erasures: ArchivedErasures = ArchivedErasures()) {
        self.erasures = erasures
        spans = manifest.spans
        ends = spans.map { ArchiveManifest.milliseconds($0.until) ?? 0 }
        erased = Dictionary(
            manifest.erased.map { ($0.eventID, ArchivedErasures.Event($0)) }, uniquingKeysWith: { $1 })
        digest = manifest.digestBefore.flatMap { bytes(ofHexadecimal: $0) } ?? []
        for span in spans where ArchiveManifest.milliseconds(span.until) == nil {
            fail("a span ends at \(span.until), which is no time that this program reads")
        }
    }

    /// The next line.
    mutating func add(_ line: [UInt8]) {
        guard let id = Self.identifier(line), last.map({ $0 < id }) ?? true else {
            misplaced += 1
            return
        }
        // The same number of digits for the next 8,000 years: the time of an id is its first 48 bits.
        while index < spans.count, Self.milliseconds(id) >= ends[index] { endSpan() }
        let hash = chained(id, line)
        whole.update(data: hash)
        part.update(data: hash)
        (count, inPart) = (count + 1, inPart + 1)
        (first, last) = (first ?? id, id)
    }

    /// What the chain has of it, which is not what is there when its user was erased.
    private mutating func chained(_ id: String, _ line: [UInt8]) -> [UInt8] {
        let hash = Array(SHA256.hash(data: line))
        guard let event = erased[id] else {
            addProof(id, line)
            return hash
        }
        erasedHere += 1
        if !erasures.add(id, event, line: line, hash: hash) { changed += 1 }
        return event.before
    }

    private mutating func addProof(_ id: String, _ line: [UInt8]) {
        guard let event = ArchivedEvent.proof(line) else { return }
        if event.type == "user.erased" {
            erasures.add(id, event)
        } else if event.type == "events.archived", let partition = event.details.partition,
            let manifest = event.details.manifest
        {
            archived[partition, default: []].insert(manifest)
        }
    }

    /// What does not fit.
    mutating func end() -> [String] {
        while index < spans.count { endSpan() }
        if misplaced > 0 { fail("\(misplaced) lines are no events, or not in their places") }
        if changed > 0 { fail("\(changed) erased events were changed, or were never erased") }
        if erasedHere != erased.count { fail("\(erased.count - erasedHere) erased events are missing") }
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
}
