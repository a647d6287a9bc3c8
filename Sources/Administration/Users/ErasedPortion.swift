import Postgres

/// What one transaction has erased of a user.
struct ErasedPortion: RowReadable {
    private(set) var pseudonym = ""
    /// Enrollments.
    private(set) var revoked: [Identifier] = []
    private(set) var enrollments = 0
    private(set) var requests = 0
    private(set) var events = 0

    init() {}

    init(_ row: inout RowReader) throws {
        pseudonym = try row.text("pseudonym")
        revoked = try row.identifiers("revoked")
        enrollments = try row.int("enrollments")
        requests = try row.int("requests")
        events = try row.int("events")
    }

    mutating func add(_ other: ErasedPortion) {
        pseudonym = other.pseudonym
        revoked += other.revoked
        enrollments += other.enrollments
        requests += other.requests
        events += other.events
    }

    /// Whether there may be more.
    func isFull(_ size: Int32) -> Bool { max(enrollments, events, revoked.count) >= size }
}

/// Erases a portion of a user of an app, and leaves the event.
struct CallErase: PreparedStatement {
    let appID: Int32
    let user: String
    let atMost: Int32

    typealias Output = ErasedPortion

    static let statement = Statement(
        "action.erase_user",
        "SELECT pseudonym, revoked, enrollments, requests, events FROM countersign.erase_user($1, $2, $3)")
    var parameters: [Parameter] { [.int32(appID), .text(user), .int32(atMost)] }
}

/// The digest that stands in a user's place once erased.
struct ReadPseudonym: PreparedStatement {
    let appID: Int32
    let user: String

    static let statement = Statement("user.pseudonym", "SELECT countersign.pseudonym($1, $2) AS name")
    var parameters: [Parameter] { [.int32(appID), .text(user)] }

    static func decode(_ row: inout RowReader) throws -> String { try row.text("name") }
}
