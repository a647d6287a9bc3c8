import Countersign
import Postgres

/// A start after the other in SQL: insert and wait for the code.
struct SQLStartClient: LoadClient, ~Copyable {
    private var portal: Connection
    private let visit: Visit

    static func connect(_ index: Int, _ bench: Bench) async throws -> SQLStartClient {
        let portal = try await bench.database.connect(as: bench.installation.portal(ofClient: index).login)
        return SQLStartClient(portal: portal, visit: Visit(ofClient: index))
    }

    mutating func perform() async throws {
        let id = try await portal.run(InsertRequest(visit: visit)).one()
        _ = try await portal.run(AwaitCode(request: id)).one()
    }
}
