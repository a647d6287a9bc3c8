import HTTPService
import Postgres
import Synchronization

/// Speaks to the database for portals and apps: each call is one transaction in one round trip, in which this
/// login stands in for the portal or the app that it names.
///
/// No call waits for a row with a connection in hand: what somebody else holds for longer than `lock_timeout` is tried
/// again a few times while the place is free for others, and then fails with 55P03. A portal that locked its own rows by
/// SQL and cancelled over HTTP had all connections for 5 s.
struct GatewayDatabase: Sendable {
    enum Client: Sendable {
        case portal(String)
        case app(String)
        case user(String, app: String)
        /// This server itself, for many at once, by what it asks.
        case server(String)
    }

    /// Of sessions of the pool.
    static let lockTimeout = Duration.milliseconds(50)
    private static let pauses = [Duration.milliseconds(50), .milliseconds(150), .milliseconds(400)]

    let pool: Pool
    let hold: WorkHold
    /// Of what sign-ins ask for, for many at once.
    let pace = CallPace()

    /// - Parameter steps: what goes before it in the same transaction.
    func run<S: StatementFamily>(
        _ client: Client, after steps: [Step] = [], _ statement: S
    ) async throws -> StatementResult<S> {
        guard !hold.isAway else {
            throw Problem.unavailable(
                "temporarily_unavailable", "the database of this portal did not answer; try again")
        }
        guard !hold.isSet else {
            throw Problem.unavailable(
                "temporarily_unavailable", "the service is being restored; try again later")
        }
        for pause in Self.pauses {
            do {
                return try await attempt(client, steps, statement)
            } catch let error as PostgresError {
                guard error.state == .lockNotAvailable else { throw error }
                try await Task.sleep(for: pause)
            }
        }
        return try await attempt(client, steps, statement)
    }

    private func attempt<S: StatementFamily>(
        _ client: Client, _ steps: [Step], _ statement: S
    ) async throws -> StatementResult<S> {
        try await pool.withConnection(for: client.party) { connection in
            try await connection.pipeline(after: client.naming + steps, statement).results
        }
    }
}

extension GatewayDatabase.Client {
    /// Whose places in the pool it takes: of an app each user has places of its own.
    fileprivate var party: String {
        switch self {
        case .portal(let name): "portal \(name)"
        case .app(let name): "app \(name)"
        case .user(let user, let app): "user \(app) \(user)"
        case .server(let task): "server \(task)"
        }
    }

    fileprivate var naming: [Step] {
        switch self {
        case .portal(let name): [Step(NamePortal(name: name))]
        case .app(let name), .user(_, let name): [Step(NameApp(name: name))]
        case .server: []
        }
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

/// Why nobody is served by a database now.
final class WorkHold: Sendable {
    private let state = Atomic(false)
    private let away = Atomic(false)

    /// An operator has to look after a restore first.
    var isSet: Bool { state.load(ordering: .relaxed) }

    func set(_ isSet: Bool) { state.store(isSet, ordering: .relaxed) }

    /// It is one of several and did not answer lately, so that nobody waits for it until it has.
    var isAway: Bool { away.load(ordering: .relaxed) }

    /// True when that is news.
    func setAway(_ isAway: Bool) -> Bool {
        away.exchange(isAway, ordering: .relaxed) != isAway
    }
}
