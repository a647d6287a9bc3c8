import Postgres

/// Begins a transaction, for pipelines whose statements are more than one transaction or do not begin one.
struct Begin: PreparedStatement {
    static let statement = Statement("begin", "BEGIN")
}

struct Commit: PreparedStatement {
    static let statement = Statement("commit", "COMMIT")
}
