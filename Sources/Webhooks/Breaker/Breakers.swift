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
            let count = try await connection.run(BreakerStatements.giveUp)[0].int(0)
            if count > 0 {
                logger.warning("deliveries given up at open breakers", metadata: ["rows": "\(count)"])
            }
        }
        if nextSweep <= .now {
            nextSweep = .now + Self.sweepInterval
            try await connection.run(BreakerStatements.sweep)
        }
    }

    private func share(_ seen: EndpointObservations, _ connection: inout Connection) async throws {
        if !seen.probes.isEmpty { try await connection.run(BreakerStatements.judge, judge(seen.probes)) }
        guard !seen.counts.isEmpty else { return }
        // In one order, so that two workers which open the same breakers do not wait for each other.
        let counts = seen.counts.sorted {
            ($0.key.portalID, $0.key.origin) < ($1.key.portalID, $1.key.origin)
        }
        try await connection.run(
            BreakerStatements.count,
            [
                .int32s(counts.map(\.key.portalID)), .texts(counts.map(\.key.origin)),
                .int32s(counts.map { Int32($0.value.attempts) }),
                .int32s(counts.map { Int32($0.value.failures) }),
                .identifier(workerID),
            ])
        let failed = counts.filter { $0.value.failures > 0 }
        guard !failed.isEmpty else { return }
        let opened = try await connection.run(
            BreakerStatements.open,
            [
                .int32s(failed.map(\.key.portalID)), .texts(failed.map(\.key.origin)),
                .texts(failed.map(\.value.reason)),
            ])
        for row in opened {
            let (origin, reason) = (try row.text(0), try row.text(1))
            logger.warning("breaker opened", metadata: ["endpoint": "\(origin)", "error": "\(reason)"])
        }
    }

    private func judge(_ probes: [EndpointObservations.Probe]) -> [Parameter] {
        [
            .int32s(probes.map(\.endpoint.portalID)), .texts(probes.map(\.endpoint.origin)),
            .bools(probes.map(\.isHealthy)), .texts(probes.map(\.reason)),
        ]
    }
}
