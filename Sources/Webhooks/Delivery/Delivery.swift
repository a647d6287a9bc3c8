import Postgres

/// A delivery that this worker holds a lease on.
struct Delivery: Sendable {
    let transactionID: Identifier
    /// Of a request that was open when history had gone back.
    let epoch: Int?
    let token: Int64
    let attempt: Int
    /// Attempts before it was replayed; the schedule begins after them.
    let attemptsBefore: Int
    let endpoint: WebhookEndpoint
    let callbackURI: String
    let status: String
    /// Why the user has declined, if that was said.
    let denyReason: String?
    let occurredAt: Timestamp
    /// Sealed; see `PortalSecrets`.
    let signingSecret: [UInt8]
    let previousSecret: [UInt8]?
    let webhookKey: [UInt8]?
    /// The endpoint's limits, as its portal has them now.
    let concurrency: Int
    let rate: Int?
    /// Whether its result decides if an open breaker closes.
    let isProbe: Bool
    /// Whether `callbackURI` is still one that the portal may name.
    let isListed: Bool
    let callbackID: Int32?
    let username: String?
    let password: [UInt8]?
    let authenticationType: String?
    /// Of W3C Trace Context; what the portal's call was part of.
    let traceparent: String?
    let portal: String
    /// By the database's clock.
    let claimedAt: Timestamp

    var portalID: Int32 { endpoint.portalID }
}
