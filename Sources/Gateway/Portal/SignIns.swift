import Countersign
import Postgres

/// A portal's requests, from the start to the result.
struct SignIns: Sendable {
    /// What a portal says of a new request; the names are those of the columns.
    struct Draft: Sendable {
        var type: String?
        var callbackURI: String?
        var message: String?
        var secureMessage: String?
        var languageCode: String?
        var ipAddress: String?
        var userAgent: String?
        var reference: String?
        /// Of W3C Trace Context; the webhook carries it on. What is none is dropped.
        var traceparent: String?
    }

    struct Started: Sendable {
        let transactionID: Identifier
        let otp: String
        let timeToLive: Duration
    }

    let database: GatewayDatabase
    let notifications: RowNotifications
    /// How long a start waits for its code; workers need milliseconds.
    var patience = Duration.seconds(10)
    /// Waits are hints: so often the table is looked at anyway.
    var backstop = Duration.seconds(1)

    /// Inserts a request and waits for its code. One that gets none in time is cancelled.
    func start(_ draft: Draft, of portal: KnownPortal) async throws -> Started {
        notifications.open(portal.channel)
        let row = try await database.run(.portal(portal.name), Step(Self.insert, draft.parameters))[0][0]
        let id = try row.identifier(0)
        LogContext.note("transaction_id", id.description)
        let news = notifications.wait(for: id, on: portal.channel)
        let deadline = ContinuousClock.now + patience
        while ContinuousClock.now < deadline, !notifications.isClosed {
            await news.wait(min(backstop, ContinuousClock.now.duration(to: deadline)))
            let collected = try await database.run(
                .portal(portal.name), Step(Self.collect, [.identifier(id)]))
            if let otp = try collected[0][0].optionalText(0) {
                return Started(
                    transactionID: id, otp: otp, timeToLive: .milliseconds(try row.int(1)))
            }
        }
        _ = try await cancel(id, of: portal)
        throw PortalProblem.failedToStart
    }

    /// The result; waits up to `wait` for one that is final, or that is not `known` any more.
    func result(
        _ id: Identifier, of portal: KnownPortal, wait: Duration, known: String? = nil
    ) async throws -> TransactionResult {
        let news = wait > .zero ? notifications.wait(for: id, on: portal.channel) : nil
        let deadline = ContinuousClock.now + wait
        while true {
            let rows = try await database.run(
                .portal(portal.name), Step(TransactionResult.look, [.identifier(id)]))[0]
            guard let row = rows.first else { throw PortalProblem.unknownTransaction }
            let result = try TransactionResult(row)
            let left = ContinuousClock.now.duration(to: deadline)
            let isNews = known.map { $0 != result.status } ?? false
            guard let news, left > .zero, !result.isFinal, !isNews, !notifications.isClosed else {
                return result
            }
            await news.wait(min(backstop * 5, left))
        }
    }

    /// True if it was still open.
    func cancel(_ id: Identifier, of portal: KnownPortal) async throws -> Bool {
        let rows = try await database.run(.portal(portal.name), Step(Self.cancel, [.identifier(id)]))
        return try rows[0][0].bool(0)
    }

    /// The columns of `Draft`. Gives the id and the milliseconds it has.
    static let insert = Statement(
        "gateway.start",
        """
        INSERT INTO countersign.auth_requests (auth_type, callback_uri, message, secure_message, language_code,
                                               ip_address, user_agent, reference, traceparent)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
        RETURNING transaction_id, (1000 * date_part('epoch', expires_at - requested_at))::integer
        """)
    static let collect = Statement("gateway.collect", "SELECT countersign.collect_otp($1)")
    static let cancel = Statement("gateway.cancel", "SELECT countersign.cancel_request($1)")
}

extension SignIns.Draft {
    /// Of `SignIns.insert`.
    var parameters: [Parameter] {
        [
            type, callbackURI, message, secureMessage, languageCode, ipAddress, userAgent, reference,
            traceparent,
        ].map { Parameter($0) }
    }
}
