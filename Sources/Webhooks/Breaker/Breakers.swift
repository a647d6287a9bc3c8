import Logging
import Postgres

/// Shares what this worker has seen of endpoints with the others, through the database: once a second, in rows of
/// its own, and only when there is something new. The result of a probe and ten
/// failures go at once.
struct Breakers {
    static let interval = Duration.seconds(1)
    static let giveUpInterval = Duration.seconds(10)
    static let sweepInterval = Duration.seconds(60)

    private let workerID: Identifier
    private let logger: Logger
    private var nextShare = ContinuousClock.now
    private var nextGiveUp = ContinuousClock.now
    private var nextSweep = ContinuousClock.now

    init(workerID: Identifier, logger: Logger) {
        (self.workerID, self.logger) = (workerID, logger)
    }

    mutating func turn(_ connection: inout Connection, _ inFlight: DeliveriesInFlight) async throws {
        if nextShare <= .now || inFlight.isUrgent {
            nextShare = .now + Self.interval
            if let seen = inFlight.takeObservations() { try await share(seen, &connection) }
        }
        if nextGiveUp <= .now {
            nextGiveUp = .now + Self.giveUpInterval
            let count = try await connection.run(GiveUpDeliveries()).one()
            if count > 0 {
                logger.warning("deliveries given up at open breakers", metadata: ["rows": "\(count)"])
            }
        }
        if nextSweep <= .now {
            nextSweep = .now + Self.sweepInterval
            try await connection.run(SweepCounts())
        }
    }

    private func share(_ seen: EndpointObservations, _ connection: inout Connection) async throws {
        if !seen.probes.isEmpty { try await connection.run(JudgeProbes(probes: seen.probes)) }
        guard !seen.counts.isEmpty else { return }
        // In one order, so that two workers which open the same breakers do not wait for each other.
        let counts = seen.counts.sorted {
            ($0.key.portalID, $0.key.origin) < ($1.key.portalID, $1.key.origin)
        }
        let observed = counts.map { (endpoint: $0.key, count: $0.value) }
        try await connection.run(CountAttempts(seen: observed, workerID: workerID))
        let failing = counts.filter { $0.value.failures > 0 }
        guard !failing.isEmpty else { return }
        let opening = OpenBreakers(failing: failing.map { ($0.key, $0.value.reason) })
        for opened in try await connection.run(opening).all() {
            logger.warning(
                "breaker opened", metadata: ["endpoint": "\(opened.origin)", "error": "\(opened.reason)"])
        }
    }
}
