import Countersign
package import Postgres

/// A webhook delivery, as operators see it in a list.
package struct WebhookDelivery: Sendable, Hashable {
    /// What is listed. `waiting` has not been attempted to the end, `dead` has been given up.
    package enum State: String, Sendable, CaseIterable { case waiting, dead, delivered }

    package let transactionID: Identifier
    package let portal: String
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

    private init(_ row: Row) throws {
        transactionID = try row.identifier(0)
        portal = try row.text(1)
        status = try row.text(2)
        attempts = try row.int(3)
        callbackURI = try row.text(4)
        createdAt = try row.timestamp(5)
        finishedAt = try row.optionalTimestamp(6)
        nextAt = try row.optionalTimestamp(7)
        lastStatusCode = try row.optionalInt(8)
        lastError = try row.optionalText(9)
        detail = try row.optionalText(10)
    }
}

extension WebhookDelivery {
    /// Newest first. `since` nil is all that are kept.
    package static func list(
        _ state: State, portal: String?, since: Timestamp?, limit: Int, _ connection: inout Connection
    ) async throws -> [WebhookDelivery] {
        var portalID = Parameter.null
        if let portal { portalID = .int32(try await Portal.identifier(of: portal, &connection)) }
        let parameters: [Parameter] = [
            portalID, since.map { .timestamp($0) } ?? .null, .int32(Int32(limit)),
        ]
        return try await connection.run(listing(state), parameters).map { try WebhookDelivery($0) }
    }

    package static func read(
        _ id: Identifier, _ connection: inout Connection
    ) async throws -> (delivery: WebhookDelivery, attempts: [Attempt])? {
        guard let row = try await connection.run(one, [.identifier(id)]).first else { return nil }
        let mayRead = try await connection.run(permission)[0].bool(0)
        let attempts = try await connection.run(mayRead ? attemptsWithBody : attempts, [.identifier(id)]).map
        {
            Attempt(
                number: try $0.int(0), startedAt: try $0.timestamp(1),
                duration: .milliseconds(try $0.int(2)), statusCode: try $0.optionalInt(3),
                errorClass: try $0.optionalText(4), detail: try $0.optionalText(5),
                body: try $0.optionalText(6))
        }
        return (try WebhookDelivery(row), attempts)
    }

    /// Sends these again: finished ones are queued anew, waiting ones are due now. Returns those that it moved; what
    /// is on its way at this moment is not.
    static func sendAgain(
        _ ids: [Identifier], _ connection: inout Connection
    ) async throws -> [Identifier] {
        try await connection.run(sending, [.identifiers(ids)]).map { try $0.identifier(0) }
    }

    /// To be thrown when there is no such delivery.
    package static func unknown(_ id: Identifier) -> AdministrationError {
        .refused(
            "there is no delivery \(id); one is made when a request ends and kept for 30 days, and "
                + "`countersign webhook list` shows them")
    }
}

/// The breaker of an endpoint.
package struct WebhookEndpoint: Sendable, Hashable {
    package let portal: String
    package let origin: String
    package let state: String
    package let changedAt: Timestamp
    package let openUntil: Timestamp?
    package let failingSince: Timestamp?
    package let reason: String?

    /// Those whose breaker has opened at some time.
    package static func list(_ connection: inout Connection) async throws -> [WebhookEndpoint] {
        try await connection.run(listing).map {
            WebhookEndpoint(
                portal: try $0.text(0), origin: try $0.text(1), state: try $0.text(2),
                changedAt: try $0.timestamp(3), openUntil: try $0.optionalTimestamp(4),
                failingSince: try $0.optionalTimestamp(5), reason: try $0.optionalText(6))
        }
    }

    package static let listing = Statement(
        "webhook.endpoints",
        """
        SELECT p.name, e.origin, e.state, e.changed_at, CASE WHEN e.state <> 'closed' THEN e.open_until END,
               e.failing_since, e.reason
        FROM countersign.webhook_endpoints e JOIN countersign.portals p USING (portal_id)
        ORDER BY e.state = 'closed', p.name, e.origin
        """)
}
