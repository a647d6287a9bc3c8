import Postgres

/// Up to where a reader has followed the audit trail.
///
/// Ids of events are made before others can see them, so that the newest id says nothing of what is still to come.
/// What says it is a snapshot: of each transaction it tells whether its events have been read.
package struct EventCursor: Sendable, Hashable {
    /// The database's life: a restored one counts its transactions anew.
    let life: Identifier
    /// Whose events have all been read, as `pg_snapshot` writes it.
    fileprivate(set) var seen: String
    /// No event that is still to come was made before then.
    fileprivate(set) var floor: Timestamp
    /// All transactions that began to write after that time have at least that number.
    fileprivate var mark: Mark
    /// What is being read, until an event that was read.
    fileprivate(set) var page: Page?

    fileprivate struct Mark: Hashable {
        let transaction: Int
        let time: Timestamp
    }

    struct Page: Hashable {
        let snapshot: String
        let time: Timestamp
        /// Nil at its beginning.
        var last: Identifier?
    }

    /// How long before its transaction has a number an event can have its id: as in `close_events()`.
    private static let allowance = Duration.seconds(5)
    /// How long somebody may have been writing whose events are new to a reader who begins now.
    private static let longestWriter = Duration.seconds(3_600)

    /// From a time on, or from now on: then it has all that can be seen now.
    init(since: Timestamp?, _ position: EventPosition) {
        life = position.life
        seen = since == nil ? position.snapshot : "1:1:"
        floor = since ?? position.time.advanced(by: .zero - Self.longestWriter)
        mark = Mark(transaction: position.next, time: position.time)
    }

    /// Begins to read what this position has and the cursor has not.
    mutating func begin(_ position: EventPosition) {
        page = Page(snapshot: position.snapshot, time: position.time, last: nil)
    }

    mutating func pass(_ event: Identifier) { page?.last = event }

    /// All of the page has been read. The floor rises to the mark once all have ended that wrote before it.
    mutating func finish() {
        guard let page, let bounds = snapshotBounds(page.snapshot) else { return }
        if bounds.oldest >= mark.transaction {
            floor = max(floor, mark.time.advanced(by: .zero - Self.allowance))
            mark = Mark(transaction: bounds.next, time: page.time)
        }
        seen = page.snapshot
        self.page = nil
    }

    /// Fails when the database is another one, or this one from before.
    func check(_ position: EventPosition) throws(AdministrationError) {
        let isAhead = snapshotBounds(page?.snapshot ?? seen).map { $0.next > position.next } ?? true
        guard life != position.life || isAhead else { return }
        throw .refused(
            "the cursor is of another database, or of this one before it was restored: begin anew, with --since"
        )
    }
}

/// One line without spaces, which `init(_:)` reads.
extension EventCursor: LosslessStringConvertible {
    package var description: String {
        let start = "1/\(life)/\(floor.microseconds)/\(mark.transaction)/\(mark.time.microseconds)/\(seen)"
        return start
            + (page.map { "/\($0.snapshot)/\($0.time.microseconds)/\($0.last?.description ?? "-")" } ?? "")
    }

    package init?(_ description: String) {
        let words = description.split(separator: "/", omittingEmptySubsequences: false).map(String.init)
        guard words.count == 6 || words.count == 9, words[0] == "1", let life = Identifier(words[1]),
            let floor = Int64(words[2]), let transaction = Int(words[3]), let time = Int64(words[4]),
            snapshotBounds(words[5]) != nil
        else { return nil }
        self.life = life
        self.floor = Timestamp(microseconds: floor)
        mark = Mark(transaction: transaction, time: Timestamp(microseconds: time))
        seen = words[5]
        guard words.count == 9 else { return }
        let last = Identifier(words[8])
        guard snapshotBounds(words[6]) != nil, let time = Int64(words[7]), last != nil || words[8] == "-"
        else { return nil }
        page = Page(snapshot: words[6], time: Timestamp(microseconds: time), last: last)
    }
}

/// The oldest transaction that had not ended in a `pg_snapshot`, and the next one to begin; nil when it is none.
private func snapshotBounds(_ text: String) -> (oldest: Int, next: Int)? {
    let words = text.split(separator: ":", omittingEmptySubsequences: false)
    guard words.count == 3, let oldest = Int(words[0]), let next = Int(words[1]), 0 < oldest, oldest <= next,
        words[2].split(separator: ",").allSatisfy({ Int($0) != nil })
    else { return nil }
    return (oldest, next)
}

/// Where the database is at one moment.
struct EventPosition: Sendable, RowReadable {
    /// Not later than the snapshot.
    let time: Timestamp
    let snapshot: String
    /// The number of the next transaction that writes.
    let next: Int
    let life: Identifier

    init(_ row: inout RowReader) throws {
        time = try row.timestamp("time")
        snapshot = try row.text("snapshot")
        next = try row.int("next")
        life = try row.identifier("life")
    }
}

struct ReadEventPosition: PreparedStatement {
    typealias Output = EventPosition

    static let statement = Statement(
        "events.position",
        """
        SELECT statement_timestamp() AS time, pg_current_snapshot()::text AS snapshot,
               pg_snapshot_xmax(pg_current_snapshot())::text::bigint AS next, e.life
        FROM countersign.epoch e
        """)
}
