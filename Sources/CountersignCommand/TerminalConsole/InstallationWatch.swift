import Administration
import Postgres

/// What the console shows, and how old it is.
struct InstallationWatch {
    private(set) var status: SystemStatus?
    private(set) var concerns: [Concern] = []
    private(set) var history: History?
    /// Why there is nothing newer, and since when.
    private(set) var loss: (reason: String, since: ContinuousClock.Instant)?
    private var nextOverview = ContinuousClock.now

    private static let overviewInterval = Duration.seconds(10)

    /// Looks again, and connects again when the connection was lost. Throws what does not pass by itself.
    mutating func follow(_ connection: inout Connection) async throws {
        do {
            if loss != nil {
                connection = try await connection.another()
                Interruption.shared.watch(connection, instead: true)
            }
            try await look(&connection)
            loss = nil
        } catch {
            guard let error = PostgresError(in: error), error.isConnectionLoss else { throw error }
            loss = (error.message, loss?.since ?? .now)
        }
    }

    /// What costs more is looked at less often.
    mutating func look(_ connection: inout Connection) async throws {
        guard ContinuousClock.now >= nextOverview else {
            status = try await SystemStatus.read(&connection)
            return
        }
        let overview = try await Overview.read(&connection)
        (status, concerns) = (overview.status, Concern.ordered(overview.concerns))
        history = try await History.read(.hour, &connection)
        nextOverview = .now + Self.overviewInterval
    }
}
