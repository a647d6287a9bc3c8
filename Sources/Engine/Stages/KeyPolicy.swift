import Postgres

/// Which of the server's keys an enrollment gets.
struct KeyPolicy: RowReadable {
    let isShared: Bool
    /// The current shared pair, if there is one.
    let sharedKey: Identifier?

    init(_ row: inout RowReader) throws {
        isShared = try !row.bool("unique_pgp_keys_per_enrollment")
        sharedKey = try row.optionalIdentifier("server_key_id")
    }
}
