import Postgres

/// A delivery that this worker holds a lease on.
struct Delivery: Sendable {
    let transactionID: Identifier
    let token: Int64
    let attempt: Int
    let portalID: Int32
    let callbackURI: String
    let status: String
    let occurredAt: Timestamp
    /// Sealed; see `PortalSecrets`.
    let signingSecret: [UInt8]
    let callbackID: Int32?
    let username: String?
    let password: [UInt8]?
    let authenticationType: String?
    /// Of W3C Trace Context; what the portal's call was part of.
    let traceparent: String?
    let portal: String

    init(_ row: Row) throws {
        transactionID = try row.identifier(0)
        token = Int64(try row.int(1))
        attempt = try row.int(2)
        portalID = Int32(try row.int(3))
        callbackURI = try row.text(4)
        status = try row.text(5)
        occurredAt = try row.timestamp(6)
        signingSecret = try row.bytes(7)
        callbackID = try row.optionalInt(8).map(Int32.init)
        username = try row.optionalText(9)
        password = try row.optionalBytes(10)
        authenticationType = try row.optionalText(11)
        traceparent = try row.optionalText(12)
        portal = try row.text(13)
    }
}

/// What is written back of an attempt.
struct Acknowledgement: Sendable {
    let delivery: Delivery
    let startedAt: Timestamp
    let milliseconds: Int
    let result: DeliveryResult

    enum Outcome: String { case delivered, retry, dead }

    /// How long until the next attempt; nil unless the outcome is `retry`.
    let delay: Duration?

    init(_ delivery: Delivery, startedAt: Timestamp, milliseconds: Int, result: DeliveryResult) {
        self.delivery = delivery
        self.startedAt = startedAt
        self.milliseconds = milliseconds
        self.result = result
        let tries = result.failure != nil && !result.isFinal
        delay =
            tries
            ? RetrySchedule.delay(afterAttempt: delivery.attempt, retryAfter: result.retryAfter) : nil
    }

    var outcome: Outcome { result.failure == nil ? .delivered : delay == nil ? .dead : .retry }
}
