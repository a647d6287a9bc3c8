import Postgres

/// Speaks to the database for portals and apps: each call is one transaction in one round trip, in which this
/// login stands in for the portal or the app that it names.
struct GatewayDatabase: Sendable {
    enum Client: Sendable {
        case portal(String)
        case app(String)
        /// For what no portal and no app asks.
        case nobody
    }

    let pool: Pool

    func run<S: StatementFamily>(_ client: Client, _ statement: S) async throws -> StatementResult<S> {
        let naming: [Step] =
            switch client {
            case .portal(let name): [Step(NamePortal(name: name))]
            case .app(let name): [Step(NameApp(name: name))]
            case .nobody: []
            }
        return try await pool.withConnection { try await $0.pipeline(after: naming, statement).results }
    }
}

/// Stands in for a portal until the transaction ends.
struct NamePortal: PreparedStatement {
    let name: String

    static let statement = Statement(
        "gateway.portal", "SELECT set_config('countersign.portal', $1, true) AS name")
    var parameters: [Parameter] { [.text(name)] }
    static func decode(_ row: inout RowReader) throws -> String { try row.text("name") }
}

/// Stands in for an app until the transaction ends.
struct NameApp: PreparedStatement {
    let name: String

    static let statement = Statement(
        "gateway.app", "SELECT set_config('countersign.app', $1, true) AS name")
    var parameters: [Parameter] { [.text(name)] }
    static func decode(_ row: inout RowReader) throws -> String { try row.text("name") }
}
