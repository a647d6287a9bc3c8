import Postgres

/// A pending enrollment.
struct ClaimedEnrollment: RowReadable, Sendable {
    let key: Identifier
    let lane: Int32
    let slice: Int
    let publicKey: String?
    let userID: String
    /// How often it was leased since somebody came to its end.
    let leases: Int
    /// The database's.
    let time: Timestamp

    init(_ row: inout RowReader) throws {
        key = try row.identifier("key")
        lane = Int32(try row.int("lane"))
        slice = try row.int("slice")
        publicKey = try row.optionalText("public_key")
        userID = try row.text("user_id")
        leases = try row.int("leases")
        time = try row.timestamp("now")
    }

    /// Whose budget is used by looking at its key.
    var payer: CryptoPayer? { publicKey == nil ? nil : CryptoPayer(app: lane, user: userID) }
}
