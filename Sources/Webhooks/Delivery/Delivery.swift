import Postgres

/// A delivery that this worker holds a lease on.
struct Delivery: Sendable {
    let transactionID: Identifier
    let token: Int64
    let attempt: Int
    /// Attempts before it was replayed; the schedule begins after them.
    let attemptsBefore: Int
    let endpoint: WebhookEndpoint
    let callbackURI: String
    let status: String
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

    var portalID: Int32 { endpoint.portalID }

    init(_ row: Row) throws {
        transactionID = try row.identifier(0)
        token = Int64(try row.int(1))
        attempt = try row.int(2)
        attemptsBefore = try row.int(3)
        endpoint = WebhookEndpoint(portalID: Int32(try row.int(4)), origin: try row.text(5))
        callbackURI = try row.text(6)
        status = try row.text(7)
        occurredAt = try row.timestamp(8)
        signingSecret = try row.bytes(9)
        previousSecret = try row.optionalBytes(10)
        webhookKey = try row.optionalBytes(11)
        concurrency = try row.int(12)
        rate = try row.optionalInt(13)
        isProbe = try row.bool(14)
        isListed = try row.bool(15)
        callbackID = try row.optionalInt(16).map(Int32.init)
        username = try row.optionalText(17)
        password = try row.optionalBytes(18)
        authenticationType = try row.optionalText(19)
        traceparent = try row.optionalText(20)
        portal = try row.text(21)
    }
}
