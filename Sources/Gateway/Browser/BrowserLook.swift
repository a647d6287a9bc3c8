import Postgres

/// How a request stood when the database was asked.
struct BrowserLook: RowReadable, Sendable {
    let portal: String
    /// Where the portal is told of its requests.
    let channel: String
    let status: String
    /// By the database's clock.
    private let lookedAt: Timestamp
    let requestedAt: Timestamp
    let expiresAt: Timestamp
    /// Seconds for which a code is shown; nil where it stays the same.
    let rotation: Int?
    /// The code, hidden by the token; nil where there is none to show.
    let code: [UInt8]?
    /// Whether who opens its link answers by that.
    let isByLink: Bool
    let confirmation: String?
    let confirmationTriesLeft: Int?
    /// By this machine's.
    private let arrival = ContinuousClock.now

    init(_ row: inout RowReader) throws {
        portal = try row.text("portal")
        channel = try row.text("channel")
        status = try row.text("status")
        lookedAt = try row.timestamp("looked_at")
        requestedAt = try row.timestamp("requested_at")
        expiresAt = try row.timestamp("expires_at")
        rotation = try row.optionalInt("code_rotation")
        code = try row.optionalBytes("code")
        isByLink = try row.bool("by_link")
        confirmation = try row.optionalText("confirmation")
        confirmationTriesLeft = try row.optionalInt("confirmation_tries_left")
    }

    var isFinal: Bool { isFinalStatus(status) }

    var age: Duration { arrival.duration(to: .now) }

    /// News are hints: so often the table is looked at anyway.
    private static let backstop = Duration.seconds(5)

    /// Whether the table is to be looked at again.
    func isStale(_ isNews: Bool) -> Bool { isNews || age >= Self.backstop || now >= expiresAt }

    /// How long to wait for news: until another code is shown, or the request's time is over. Behind that a worker has to end
    /// it, which may take as long as it likes.
    func pause(_ step: CodeSteps.Step?) -> Duration {
        if step == nil, now >= expiresAt { return Self.backstop }
        let left = now.duration(to: step?.validUntil ?? expiresAt) + .milliseconds(2)
        return min(Self.backstop, max(left, .milliseconds(50)))
    }

    /// The database's time now.
    var now: Timestamp { lookedAt.advanced(by: age) }

    /// Whether its code may still be waiting to be collected.
    var lacksCode: Bool { status == "issued" && code == nil && now < expiresAt }

    /// What its page shows now; nil when nobody can scan it.
    func step(_ call: BrowserCall) -> CodeSteps.Step? {
        code.flatMap { code in
            CodeSteps(
                transactionID: call.transactionID, seed: call.token.combined(code),
                requestedAt: requestedAt, expiresAt: expiresAt, rotation: rotation
            ).step(at: now)
        }
    }
}
