import Countersign
package import Postgres

/// A webhook delivery, as operators see it in a list.
package struct WebhookDelivery: Sendable, Hashable {
    /// What is listed. `waiting` has not been attempted to the end, `dead` has been given up.
    package enum State: String, Sendable, CaseIterable { case waiting, dead, delivered }

    package let transactionID: Identifier
    /// Nil once it was removed.
    package let portal: String?
    package let status: String
    package let attempts: Int
    package let callbackURI: String
    package let createdAt: Timestamp
    package let finishedAt: Timestamp?
    package let nextAt: Timestamp?
    package let lastStatusCode: Int?
    package let lastError: String?
    package let detail: String?

    /// One attempt with what the receiver answered.
    package struct Attempt: Sendable, Hashable {
        package let number: Int
        package let startedAt: Timestamp
        package let duration: Duration
        package let statusCode: Int?
        package let errorClass: String?
        package let detail: String?
        /// Only for logins that may read it.
        package let body: String?
    }
}

extension WebhookDelivery {
    /// What came of it last, for people: `it answered 503`.
    package var lastWords: String? { detail ?? lastStatusCode.map { "it answered \($0)" } ?? lastError }

    package static func read(
        _ id: Identifier, _ connection: inout Connection
    ) async throws -> (delivery: WebhookDelivery, attempts: [Attempt])? {
        guard let delivery = try await connection.run(ReadWebhook(id: id)).first() else { return nil }
        let mayRead = try await connection.run(MayReadBodies()).one()
        return (delivery, try await connection.run(ListAttempts(id: id, withBody: mayRead)).all())
    }

    /// Sends these again: finished ones are queued anew, waiting ones are due now. Returns those that it moved; what
    /// is on its way at this moment is not.
    static func sendAgain(
        _ ids: [Identifier], _ connection: inout Connection
    ) async throws -> [Identifier] {
        try await connection.run(SendAgain(ids: ids)).all()
    }

    /// To be thrown when there is no such delivery.
    package static func unknown(_ id: Identifier) -> AdministrationError {
        .refused(
            "there is no delivery \(id); one is made when a request ends and kept for 30 days, and "
                + "`countersign webhook list` shows them")
    }
}

/// The breaker of an endpoint.
package struct Breaker: Sendable, Hashable {
    package let portal: String
    package let origin: String
    package let state: String
    package let changedAt: Timestamp
    package let openUntil: Timestamp?
    package let failingSince: Timestamp?
    package let reason: String?

    /// Those whose breaker has opened at some time.
    package static func list(_ connection: inout Connection) async throws -> [Breaker] {
        try await connection.run(ListEndpoints()).all()
    }
}
