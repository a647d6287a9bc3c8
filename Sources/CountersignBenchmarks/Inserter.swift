import Postgres

/// A portal that inserts one request after the other.
struct Inserter: LoadClient, ~Copyable {
    private var connection: Connection
    private let visit: Visit
    /// Of the portal whose rows go into the plain table; nil for the product's.
    private let plainPortal: Int32?

    /// Into the product's table, or into the plain one.
    init(_ index: Int, plain: Bool, _ bench: Bench) async throws {
        let portal = bench.installation.portal(ofClient: index)
        connection = try await bench.database.connect(as: portal.login)
        visit = Visit(ofClient: index)
        plainPortal = plain ? portal.id : nil
    }

    mutating func perform() async throws {
        if let plainPortal {
            try await connection.run(InsertPlainRequest(visit: visit, portalID: plainPortal))
        } else {
            try await connection.run(InsertRequest(visit: visit))
        }
    }
}
