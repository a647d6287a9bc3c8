import Countersign
import Crypto
import FoundationEssentials
import Postgres

/// What an archived stretch of the audit trail is made of: the file beside its others that ends in `.json`.
package struct ArchiveManifest: Codable, Sendable, Equatable {
    struct File: Codable, Equatable {
        let name: String
        let lines: Int
        let sha256: String
    }

    /// A closed span of events and its link of the chain, see `event_digests`.
    struct Span: Codable, Equatable {
        /// Seconds since 1970, as PostgreSQL writes them into the digest.
        let since: String
        let until: String
        let events: Int
        let content: String
        let digest: String
    }

    /// An event whose user was erased since: its digest before, with which the chain goes on, the one that it has, and
    /// the event that tells of the erasure.
    struct Erased: Codable, Equatable {
        let eventID: String
        let before: String
        let after: String
        let erasure: String

        enum CodingKeys: String, CodingKey {
            case eventID = "event_id"
            case before, after, erasure
        }
    }

    static let form = "countersign events 1"
    /// Of a line, which is an array.
    static let columns = [
        "event_id", "occurred_at", "transaction_id", "enrollment_id", "portal_id", "app_id", "type",
        "user_id", "actor",
        "operator", "details",
    ]

    var format = form
    let partition: String
    /// RFC 3339.
    let since: String
    let until: String
    var columns = Self.columns
    var eventsFile: File
    /// Each certificate once, by its SHA-256.
    var certificatesFile: File
    var first: String?
    var last: String?
    /// SHA-256 over the digests of all events.
    var content: String
    /// The digest of the span before the first one; nil when that is the first of all.
    var digestBefore: String?
    var spans: [Span]
    var erased: [Erased]
    /// How many certificates events name that the database had no more.
    var withoutCertificate: Int

    enum CodingKeys: String, CodingKey {
        case format, partition, since, until, columns, first, last, content, spans, erased
        case eventsFile = "events"
        case certificatesFile = "certificates"
        case digestBefore = "digest_before"
        case withoutCertificate = "without_certificate"
    }

    /// Of seconds since 1970. Spans end at whole milliseconds, as ids have no others. Nil after the year 9999.
    static func milliseconds(_ seconds: String) -> Int? {
        let parts = seconds.split(separator: ".", omittingEmptySubsequences: false)
        guard parts.count <= 2, let whole = Int(parts[0]), 0..<253_402_300_800 ~= whole else { return nil }
        guard parts.count == 2 else { return whole * 1_000 }
        guard let fraction = Int((parts[1] + "00").prefix(3)), fraction >= 0 else { return nil }
        return whole * 1_000 + fraction
    }

    static func read(path: String) -> ArchiveManifest? {
        guard let data = try? Data(contentsOf: URL(filePath: path)),
            let manifest = try? JSONDecoder().decode(Self.self, from: data), manifest.format == form
        else { return nil }
        return manifest
    }
}

/// SHA-256 of a file, in hexadecimal digits; nil when it cannot be read.
func fileDigest(path: String) -> String? {
    guard let handle = InputFile(path: path) else { return nil }
    var hash = SHA256()
    while let block = handle.read() {
        if block.isEmpty { return hexadecimal(hash.finalize()) }
        hash.update(data: block)
    }
    return nil
}
