import Postgres

/// A portal that inserts one request after the other.
struct Inserter: LoadClient, ~Copyable {
    private var connection: Connection
    private let statement: Statement
    private let parameters: [Parameter]

    /// Into the product's table, or into the plain one.
    init(_ index: Int, plain: Bool, _ bench: Bench) async throws {
        let portal = bench.installation.portal(ofClient: index)
        connection = try await bench.database.connect(as: portal.login)
        statement = plain ? SQL.insertPlainRequest : SQL.insertRequest
        parameters =
            ["203.0.113.\(index)", "session-\(index)-0123456789abcdef"].map { .text($0) }
            + (plain ? [.int32(portal.id)] : [])
    }

    mutating func perform() async throws {
        try await connection.run(statement, parameters)
    }
}
