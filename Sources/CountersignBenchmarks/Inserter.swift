import Postgres

/// A portal that inserts one request after the other.
struct Inserter: LoadClient, ~Copyable {
    enum Table: Sendable {
        case product
        /// No more than columns.
        case plain
        /// The product's columns, indexes and partitions, and a place in a queue.
        case floor(SignInFloor)
    }

    private var connection: Connection
    private let visit: Visit
    private let portalID: Int32
    private let table: Table

    init(_ index: Int, into table: Table, _ bench: Bench) async throws {
        let portal = bench.installation.portal(ofClient: index)
        connection = try await bench.database.connect(as: portal.login)
        visit = Visit(ofClient: index)
        (portalID, self.table) = (portal.id, table)
    }

    mutating func perform() async throws {
        switch table {
        case .product: try await connection.run(InsertRequest(visit: visit))
        case .plain: try await connection.run(InsertPlainRequest(visit: visit, portalID: portalID))
        case .floor(let floor):
            try await connection.run(InsertFloorRequest(floor: floor, visit: visit, portalID: portalID))
        }
    }
}
