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

    /// The digest of an event before its user was erased, with which the chain goes on.
    struct Erased: Codable, Equatable {
        let eventID: String
        let before: String

        enum CodingKeys: String, CodingKey {
            case eventID = "event_id"
            case before
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

    enum CodingKeys: String, CodingKey {
        case format, partition, since, until, columns, first, last, content, spans, erased
        case eventsFile = "events"
        case certificatesFile = "certificates"
        case digestBefore = "digest_before"
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
