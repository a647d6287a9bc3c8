import FoundationEssentials

/// A line of archived events: an array of what `ArchiveManifest.columns` names.
struct ArchivedEvent: Decodable {
    let app: Int?
    let type: String
    let user: String?
    let details: Details

    /// What a check asks for of them.
    struct Details: Decodable {
        let names: Set<String>
        /// How many events an erasure has changed, and the digest of them.
        let events: Int?
        let digest: String?
        /// What was archived, and SHA-256 of its manifest.
        let partition: String?
        let manifest: String?

        init(from decoder: any Decoder) throws {
            let parts = try decoder.container(keyedBy: Key.self)
            names = Set(parts.allKeys.map(\.stringValue))
            events = try? parts.decode(Int.self, forKey: Key("events"))
            digest = try? parts.decode(String.self, forKey: Key("digest"))
            partition = try? parts.decode(String.self, forKey: Key("partition"))
            manifest = try? parts.decode(String.self, forKey: Key("manifest"))
        }
    }

    private struct Key: CodingKey {
        let stringValue: String
        var intValue: Int? { nil }

        init(_ name: String) { stringValue = name }
        init?(stringValue: String) { self.init(stringValue) }
        init?(intValue: Int) { return nil }
    }

    /// A part that nobody asks for.
    private struct Skipped: Decodable {
        init(from decoder: any Decoder) throws {}
    }

    init(from decoder: any Decoder) throws {
        var parts = try decoder.unkeyedContainer()
        for _ in 0..<5 { _ = try parts.decodeIfPresent(Skipped.self) }
        app = try parts.decodeIfPresent(Int.self)
        type = try parts.decode(String.self)
        user = try parts.decodeIfPresent(String.self)
        for _ in 0..<2 { _ = try parts.decodeIfPresent(Skipped.self) }
        details = try parts.decode(Details.self)
    }

    /// Nil when the line is no event.
    init?(_ line: [UInt8]) {
        guard let event = try? JSONDecoder().decode(Self.self, from: Data(line)) else { return nil }
        self = event
    }

    /// Types of events by which others are proved.
    private static let proofs = [Array(#""user.erased""#.utf8), Array(#""events.archived""#.utf8)]
    private static let certificateName = Array(#""certificate_sha256": ""#.utf8)

    /// The event of an erasure or of an archive, and seldom another. Few lines are, and only those are decoded.
    static func proof(_ line: [UInt8]) -> ArchivedEvent? {
        guard proofs.contains(where: { position(of: $0, in: line) != nil }) else { return nil }
        return ArchivedEvent(line)
    }

    /// The certificate that proves a signed answer, by its SHA-256. A text that looks alike has its quotes escaped.
    static func certificate(_ line: [UInt8]) -> String? {
        guard let start = position(of: certificateName, in: line) else { return nil }
        let digest = line[(start + certificateName.count)...].prefix(64)
        return digest.count == 64 ? String(decoding: digest, as: UTF8.self) : nil
    }

    private static func position(of part: [UInt8], in line: [UInt8]) -> Int? {
        var start = 0
        while let place = line[start...].firstIndex(of: part[0]) {
            if line[place...].starts(with: part) { return place }
            start = place + 1
        }
        return nil
    }
}
