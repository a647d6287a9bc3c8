import Postgres

/// Which of the server's keys an enrollment gets.
struct KeyPolicy {
    let isShared: Bool
    /// The current shared pair, if there is one.
    let sharedKey: Identifier?

    init(_ row: Row) throws {
        isShared = try !row.bool(0)
        sharedKey = try row.optionalIdentifier(1)
    }
}
