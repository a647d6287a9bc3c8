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
        /// The portal's long-lived cookie; nothing to do with the browser's token of one request.
        var browserID: String?
        /// Where the app sends the browser, of sign-ins by link.
        var returnURI: String?
    }

    /// Who asks for what.
    struct PortalDraft: Sendable {
        var portal: String
        let draft: Draft
    }

    /// A request that has no code yet.
    struct Made: Sendable {
        let transactionID: Identifier
        let timeToLive: Duration
        /// Whether it shows one code after the other.
        let rotates: Bool
    }

    /// One code of many.
    struct ShownCode: Sendable {
        let otp: String
        let validUntil: Timestamp
    }

    struct Started: Sendable {
        let transactionID: Identifier
        /// The code; of a request that rotates them, what they are made of.
        let otp: String
        let timeToLive: Duration
        /// Of such a request, the code to show first.
        var first: ShownCode?
    }

    let database: GatewayDatabase
    let gathered: GatheredSignIns
    let notifications: RowNotifications
    /// How long a start waits for its code; workers need milliseconds.
    var patience = Duration.seconds(10)
    /// Waits are hints: so often the table is looked at anyway.
    var backstop = Duration.seconds(1)

    /// Inserts a request and waits for its code. One that gets none in time is cancelled.
    func start(_ draft: Draft, of portal: KnownPortal) async throws -> Started {
        notifications.open(portal.channel)
        let made = try await gathered.starts.ask(
            PortalDraft(portal: portal.name, draft: draft), lane: portal.name)
        let id = made.transactionID
        LogContext.note("transaction_id", id.description)
        return try await orCancel(id, of: portal) {
            let news = notifications.wait(for: id, on: portal.channel, asking: gathered.codes.coming)
            let deadline = ContinuousClock.now + patience
            while ContinuousClock.now < deadline, !notifications.isClosed {
                await news.wait(min(backstop, ContinuousClock.now.duration(to: deadline)))
                if let otp = try await gathered.codes.ask((portal.name, id), lane: portal.name) {
                    let first = made.rotates ? try await shownCode(id, seed: otp, of: portal) : nil
                    return Started(transactionID: id, otp: otp, timeToLive: made.timeToLive, first: first)
                }
            }
            throw PortalProblem.failedToStart
        }
    }

    /// Does the rest of a start. If that fails the request is cancelled: nobody learns its id, and it would count as open
    /// until its time is over.
    func orCancel<T>(
        _ id: Identifier, of portal: KnownPortal, _ rest: () async throws -> sending T
    ) async throws -> sending T {
        do {
            return try await rest()
        } catch {
            // In a task of its own: this one may have been cancelled, as its client has gone.
            await Task { _ = try? await cancel(id, of: portal) }.value
            throw error
        }
    }

    /// The result; waits up to `wait` for one that is final, or that is not `known` any more.
    func result(
        _ id: Identifier, of portal: KnownPortal, wait: Duration, known: String? = nil
    ) async throws -> TransactionResult {
        let news = wait > .zero ? notifications.wait(for: id, on: portal.channel) : nil
        let deadline = ContinuousClock.now + wait
        while true {
            guard let result = try await database.run(.portal(portal.name), FindResult(id: id)).first()
            else { throw PortalProblem.unknownTransaction }
            let left = ContinuousClock.now.duration(to: deadline)
            let isNews = known.map { $0 != result.status } ?? false
            guard let news, left > .zero, !result.isFinal, !isNews, !notifications.isClosed else {
                return result
            }
            await news.wait(min(backstop * 5, left))
        }
    }

    /// The code to show now; nil when nobody can scan it any more.
    func shownCode(
        _ id: Identifier, seed: String?, of portal: KnownPortal
    ) async throws -> ShownCode? {
        let rows = try await database.run(.portal(portal.name), FindShownCode(id: id, seed: seed))
        guard let found = try rows.first() else {
            throw PortalProblem.invalidParameter("seed must be the otp_seed of this request's start")
        }
        return found
    }

    /// Takes the result, once.
    func redeem(
        _ id: Identifier, code: String? = nil, of portal: KnownPortal
    ) async throws -> TransactionResult {
        let found = try await database.run(.portal(portal.name), Redeem(id: id, code: code)).first()
        guard let found else { throw PortalProblem.unknownTransaction }
        return found
    }

    /// Gives the number that the visitor has typed, and tells how things stand then.
    func confirm(_ id: Identifier, code: String?, of portal: KnownPortal) async throws -> TransactionResult {
        let found = try await database.run(.portal(portal.name), ConfirmCode(id: id, code: code)).first()
        guard let found else { throw PortalProblem.unknownTransaction }
        return found
    }

    /// True if it was still open.
    func cancel(_ id: Identifier, of portal: KnownPortal) async throws -> Bool {
        try await database.run(.portal(portal.name), CancelRequest(id: id)).one()
    }
}
