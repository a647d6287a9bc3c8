import Postgres

/// One who archives at a time.
struct LockArchive: PreparedStatement {
    static let statement = Statement(
        "archive.lock",
        "SELECT pg_catalog.pg_try_advisory_lock(pg_catalog.hashtextextended('countersign events archive', 0)) AS is_ours"
    )

    static func decode(_ row: inout RowReader) throws -> Bool { try row.bool("is_ours") }
}

struct ListEndedPartitions: PreparedStatement {
    let before: Timestamp

    static let statement = Statement(
        "archive.partitions",
        "SELECT partition_name, since, until FROM countersign.ended_event_partitions($1::timestamptz)")
    var parameters: [Parameter] { [.timestamp(before)] }

    static func decode(_ row: inout RowReader) throws -> EventArchive.Partition {
        EventArchive.Partition(
            name: try row.text("partition_name"), since: try row.timestamp("since"),
            until: try row.timestamp("until"))
    }
}

/// Of a partition, in their order. Numbers are written as they stand in the digests.
struct ListSpans: PreparedStatement {
    let partition: EventArchive.Partition

    static let statement = Statement(
        "archive.spans",
        """
        SELECT extract(epoch FROM since)::text AS since, extract(epoch FROM until)::text AS until, events,
               encode(content, 'hex') AS content, encode(digest, 'hex') AS digest
        FROM countersign.event_digests d
        WHERE d.since >= $1::timestamptz AND d.until <= $2::timestamptz ORDER BY d.until
        """)
    var parameters: [Parameter] { [.timestamp(partition.since), .timestamp(partition.until)] }

    static func decode(_ row: inout RowReader) throws -> ArchiveManifest.Span {
        ArchiveManifest.Span(
            since: try row.text("since"), until: try row.text("until"), events: try row.int("events"),
            content: try row.text("content"), digest: try row.text("digest"))
    }
}

struct FindDigestBefore: PreparedStatement {
    let partition: EventArchive.Partition

    static let statement = Statement(
        "archive.digest_before",
        """
        SELECT encode(digest, 'hex') AS digest FROM countersign.event_digests d
        WHERE d.until <= $1::timestamptz ORDER BY d.until DESC LIMIT 1
        """)
    var parameters: [Parameter] { [.timestamp(partition.since)] }

    static func decode(_ row: inout RowReader) throws -> String { try row.text("digest") }
}

struct ReadEventsToArchive: PreparedStatement {
    struct Output: Sendable {
        let id: Identifier
        let line: String
        /// Of one whose user was erased.
        let erased: ArchiveManifest.Erased?
        let certificate: String?
    }

    let partition: EventArchive.Partition
    /// Nil is the beginning.
    let after: Identifier?
    let limit: Int

    static let statement = Statement(
        "archive.events",
        """
        SELECT a.event_id, a.line, a.certificate, encode(a.before, 'hex') AS before,
               encode(x.after, 'hex') AS after, x.erasure::text AS erasure
        FROM countersign.events_to_archive($1::timestamptz, $2::timestamptz, $3::uuid, $4) a
        LEFT JOIN LATERAL (SELECT r.after, r.erasure FROM countersign.erased_events r
                           WHERE r.event_id = a.event_id AND a.before IS NOT NULL LIMIT 1) x ON true
        ORDER BY a.event_id
        """)
    var parameters: [Parameter] {
        [
            .timestamp(partition.since), .timestamp(partition.until), Parameter(after),
            .int32(Int32(clamping: limit)),
        ]
    }

    static func decode(_ row: inout RowReader) throws -> Output {
        let id = try row.identifier("event_id")
        let line = try row.text("line")
        let certificate = try row.optionalText("certificate")
        let before = try row.optionalText("before")
        let after = try row.optionalText("after")
        let erasure = try row.optionalText("erasure")
        var erased: ArchiveManifest.Erased?
        if let before, let after, let erasure {
            erased = .init(eventID: "\(id)", before: before, after: after, erasure: erasure)
        }
        return Output(id: id, line: line, erased: erased, certificate: certificate)
    }
}

struct DropArchivedEvents: PreparedStatement {
    let partition: String
    let events: Int
    let erased: Int
    let content: [UInt8]
    /// Its SHA-256.
    let manifest: [UInt8]

    static let statement = Statement(
        "archive.drop", "SELECT countersign.drop_archived_events($1, $2, $3, $4, $5)")
    var parameters: [Parameter] {
        [.text(partition), .int(Int64(events)), .int(Int64(erased)), .bytes(content), .bytes(manifest)]
    }
}
