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

/// What there is of a user of an app, by the name, and of requests also by what stands in its place once erased.
struct ErasableUser: RowReadable {
    let devices: Int
    let hasEvents: Bool
    /// Requests that the user has answered, or has scanned last.
    let requests: Int
    /// That are known.
    let browsers: Int

    init(_ row: inout RowReader) throws {
        devices = try row.int("devices")
        hasEvents = try row.bool("has_events")
        requests = try row.int("requests")
        browsers = try row.int("browsers")
    }

    var isNothing: Bool { devices == 0 && !hasEvents && !isHeld }

    /// Whether there is what an erasure passes over while somebody else's transaction holds it.
    var isHeld: Bool { requests + browsers > 0 }
}

struct ReadErasable: PreparedStatement {
    let appID: Int32
    let user: String

    typealias Output = ErasableUser

    static let statement = Statement(
        "action.read_erasable",
        """
        SELECT (SELECT count(*) FROM countersign.enrollments n WHERE n.app_id = $1 AND n.user_id = $2) AS devices,
               EXISTS (SELECT FROM countersign.events e WHERE e.app_id = $1 AND e.user_id = $2) AS has_events,
               (SELECT count(*) FROM countersign.auth_requests r
                WHERE r.transaction_id = ANY (ARRAY(
                          SELECT DISTINCT e.transaction_id FROM countersign.events e
                          WHERE e.app_id = $1 AND e.user_id IN ($2, countersign.pseudonym($1, $2))
                            AND e.transaction_id IS NOT NULL))
                  AND r.user_id IS DISTINCT FROM countersign.pseudonym($1, $2)
                  AND ((r.app_id, r.user_id) = ($1, $2) OR r.enrollment_id = ANY (ARRAY(
                          SELECT n.enrollment_id FROM countersign.enrollments n
                          WHERE n.app_id = $1 AND n.user_id IN ($2, countersign.pseudonym($1, $2)))))) AS requests,
               (SELECT count(*) FROM countersign.known_browsers k WHERE k.app_id = $1 AND k.user_id = $2) AS browsers
        """)
    var parameters: [Parameter] { [.int32(appID), .text(user)] }
}

/// The digest that stands in a user's place once erased.
struct ReadPseudonym: PreparedStatement {
    let appID: Int32
    let user: String

    static let statement = Statement("user.pseudonym", "SELECT countersign.pseudonym($1, $2) AS name")
    var parameters: [Parameter] { [.int32(appID), .text(user)] }

    static func decode(_ row: inout RowReader) throws -> String { try row.text("name") }
}
