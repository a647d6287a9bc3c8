import Countersign
import Postgres

/// A start after the other in SQL: insert and wait for the code.
struct SQLStartClient: LoadClient, ~Copyable {
    private var portal: Connection
    private let visit: [Parameter]

    static func connect(_ index: Int, _ bench: Bench) async throws -> SQLStartClient {
        let portal = try await bench.database.connect(as: bench.installation.portal(ofClient: index).login)
        let visit = ["203.0.113.\(index)", "session-\(index)-0123456789abcdef"].map { Parameter.text($0) }
        return SQLStartClient(portal: portal, visit: visit)
    }

    mutating func perform() async throws {
        let id = try await portal.run(SQL.insertRequest, visit)[0].identifier(0)
        _ = try await portal.run(SignInClient.awaitCode, [.identifier(id)])[0].text(0)
    }
}

/// Start, scan and accept in SQL.
struct SQLScanClient: LoadClient, ~Copyable {
    private var client: SignInClient

    static func connect(_ index: Int, _ bench: Bench) async throws -> SQLScanClient {
        SQLScanClient(client: try await SignInClient.connect(index, bench))
    }

    mutating func perform() async throws { try await client.performWithScan() }
}
