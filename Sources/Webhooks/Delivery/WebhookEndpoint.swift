/// Where the deliveries of one portal to one origin (scheme, host and port) go. Concurrency, rate and breaker are
/// an endpoint's own: a slow receiver keeps only its own deliveries waiting, and nobody else's.
struct WebhookEndpoint: Hashable, Sendable {
    let portalID: Int32
    let origin: String
}
