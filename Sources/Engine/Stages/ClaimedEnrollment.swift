import Postgres

/// A pending enrollment.
struct ClaimedEnrollment: Sendable {
    let key: Identifier
    let lane: Int32
    let slice: Int
    let publicKey: String?
    let userID: String
    /// How often it was leased since somebody came to its end.
    let leases: Int
    /// The database's.
    let time: Timestamp

    init(_ row: Row) throws {
        key = try row.identifier(0)
        lane = Int32(try row.int(1))
        slice = try row.int(2)
        publicKey = try row.optionalText(3)
        userID = try row.text(4)
        leases = try row.int(5)
        time = try row.timestamp(6)
    }

    /// Whose budget is used by looking at its key.
    var payer: CryptoPayer? { publicKey == nil ? nil : CryptoPayer(app: lane, user: userID) }
}
