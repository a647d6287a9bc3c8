import Postgres

/// What a worker has seen of endpoints, until it is written for the breakers.
struct EndpointObservations: Sendable {
    struct Count: Sendable {
        var attempts = 0
        var failures = 0
        /// The class of the last failure.
        var reason: String?
    }
    struct Probe: Sendable {
        let endpoint: WebhookEndpoint
        let isHealthy: Bool
        let reason: String?
    }

    private(set) var counts: [WebhookEndpoint: Count] = [:]
    private(set) var probes: [Probe] = []

    /// Enough failures to open a breaker, or a probe's result, for which one waits.
    private(set) var isUrgent = false

    var isEmpty: Bool { counts.isEmpty && probes.isEmpty }

    mutating func note(_ acknowledgement: Acknowledgement) {
        guard let isHealthy = acknowledgement.result.health else { return }
        let delivery = acknowledgement.delivery
        let reason = acknowledgement.result.failure?.rawValue
        if delivery.isProbe {
            isUrgent = true
            probes.append(Probe(endpoint: delivery.endpoint, isHealthy: isHealthy, reason: reason))
        } else {
            var count = counts[delivery.endpoint] ?? Count()
            count.attempts += 1
            if !isHealthy { (count.failures, count.reason) = (count.failures + 1, reason) }
            counts[delivery.endpoint] = count
            if count.failures >= 10 { isUrgent = true }
        }
    }
}
