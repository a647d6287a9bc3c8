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

    /// The rows of each step.
    func run(_ client: Client, _ steps: Step...) async throws -> [Rows] {
        let naming: [Step] =
            switch client {
            case .portal(let name): [Step(Self.namePortal, [.text(name)])]
            case .app(let name): [Step(Self.nameApp, [.text(name)])]
            case .nobody: []
            }
        let rows = try await pool.withConnection { try await $0.pipeline(naming + steps) }
        return Array(rows.dropFirst(naming.count))
    }

    static let namePortal = Statement(
        "gateway.portal", "SELECT set_config('countersign.portal', $1, true)")
    static let nameApp = Statement("gateway.app", "SELECT set_config('countersign.app', $1, true)")
}
