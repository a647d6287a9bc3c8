import Postgres

/// A delivery that this worker holds a lease on. A class, for it goes from hand to hand: a copy of a value would retain each
/// of its texts.
final class Delivery: Sendable {
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

    init(
        transactionID: Identifier, epoch: Int?, token: Int64, attempt: Int, attemptsBefore: Int,
        endpoint: WebhookEndpoint, callbackURI: String, status: String, denyReason: String?,
        occurredAt: Timestamp, signingSecret: [UInt8], previousSecret: [UInt8]?, webhookKey: [UInt8]?,
        concurrency: Int, rate: Int?, isProbe: Bool, isListed: Bool, callbackID: Int32?, username: String?,
        password: [UInt8]?, authenticationType: String?, traceparent: String?, portal: String,
        claimedAt: Timestamp
    ) {
        (self.transactionID, self.epoch, self.token) = (transactionID, epoch, token)
        (self.attempt, self.attemptsBefore, self.endpoint) = (attempt, attemptsBefore, endpoint)
        (self.callbackURI, self.status, self.denyReason) = (callbackURI, status, denyReason)
        (self.occurredAt, self.signingSecret) = (occurredAt, signingSecret)
        (self.previousSecret, self.webhookKey) = (previousSecret, webhookKey)
        (self.concurrency, self.rate, self.isProbe) = (concurrency, rate, isProbe)
        (self.isListed, self.callbackID, self.username) = (isListed, callbackID, username)
        (self.password, self.authenticationType) = (password, authenticationType)
        (self.traceparent, self.portal, self.claimedAt) = (traceparent, portal, claimedAt)
    }
}
