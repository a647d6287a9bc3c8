package import Engine
package import Postgres

/// How a request has ended, as its portal reads it.
package struct RequestEnd: Sendable, Hashable, RowReadable {
    package let transactionID: Identifier
    /// That has ended it after a restore, as in `WebhookMessage`.
    let epoch: Int?
    package let status: String
    let denyReason: String?
    let callbackURI: String?
    package let occurredAt: Timestamp

    package init(_ row: inout RowReader) throws {
        transactionID = try row.identifier("transaction_id")
        epoch = try row.optionalInt("epoch")
        status = try row.text("status")
        denyReason = try row.optionalText("deny_reason")
        callbackURI = try row.optionalText("callback_uri")
        occurredAt = try row.timestamp("resolved_at")
    }
}

/// The ends of a portal's requests as they come, read with the portal's own rights: each once, and in the order of the
/// ends that are seen together. Those that the portal's channel tells of are looked up by their ids. All of the last minutes
/// are looked through when a session begins, for what has ended while nobody was connected, and each minute, for what the
/// channel has not told: the server reads everybody's events for that.
package struct RequestEnds: Sendable {
    /// Nobody's transaction that ends a request stays open for longer.
    private static let longestCommit = Duration.seconds(600)
    private static let betweenSearches = Duration.seconds(60)

    private let portal: String
    private let clock: DatabaseClock
    private var lastSearch: Timestamp
    private var nextSearch = ContinuousClock.now
    private var seen: [Identifier: Timestamp] = [:]
    /// The server process of the session that listens.
    private var session: Int32?

    /// Begins after those that can be seen now. Throws `NotThisPortal`.
    package init(of portal: String, _ clock: DatabaseClock, _ connection: inout Connection) async throws {
        (self.portal, self.clock) = (portal, clock)
        lastSearch = try await connection.run(TellTime()).one()
        _ = try await next(told: [], &connection)
    }

    /// Of the requests that the portal's channel has told of, whatever it said.
    package static func ids(in news: [Notification]) -> [Identifier] {
        news.flatMap { ($0.payload.split(separator: " ").last ?? "").split(separator: ",") }
            .compactMap { Identifier(String($0)) }
    }

    /// The login speaks for another portal, or for none.
    package struct NotThisPortal: Error {
        /// The one that it speaks for.
        package let own: String?
    }

    private mutating func open(_ connection: inout Connection) async throws {
        try await connection.run(NamePortal(name: portal))
        let own = try await connection.run(ReadOwnPortal()).first()
        guard let own, own.name == portal else { throw NotThisPortal(own: own?.name) }
        try await connection.listen(to: [own.channel])
        session = connection.processID
        nextSearch = .now
    }

    /// Those that were not returned before. The session listens from then on, also one that is another than before.
    package mutating func next(
        told ids: [Identifier], _ connection: inout Connection
    ) async throws -> [RequestEnd] {
        if session != connection.processID { try await open(&connection) }
        let now = try await connection.run(TellTime()).one()
        clock.set(now)
        let ends: [RequestEnd]
        if nextSearch <= .now {
            ends = try await search(until: now, &connection)
        } else {
            ends = try await find(ids.filter { seen[$0] == nil }, &connection)
        }
        return ends.filter { seen.updateValue($0.occurredAt, forKey: $0.transactionID) == nil }
    }

    private mutating func search(
        until now: Timestamp, _ connection: inout Connection
    ) async throws -> [RequestEnd] {
        let start = lastSearch.advanced(by: .zero - Self.longestCommit)
        let ends = try await connection.run(ListEnds(start: start)).all()
        seen = seen.filter { $0.value >= start }
        (lastSearch, nextSearch) = (now, .now + Self.betweenSearches)
        return ends
    }

    private func find(
        _ ids: [Identifier], _ connection: inout Connection
    ) async throws -> [RequestEnd] {
        guard !ids.isEmpty else { return [] }
        return try await connection.run(FindEnds(ids: ids)).all()
    }
}

/// For the rest of the session, where one login speaks for several portals; the login of one is that one's anyway.
struct NamePortal: PreparedStatement {
    let name: String

    static let statement = Statement(
        "forward.name_portal", "SELECT set_config('countersign.portal', $1, false) AS name")
    var parameters: [Parameter] { [.text(name)] }
    static func decode(_ row: inout RowReader) throws -> String { try row.text("name") }
}

struct ReadOwnPortal: PreparedStatement {
    static let statement = Statement(
        "forward.own_portal",
        "SELECT name, countersign.portal_channel() AS channel FROM countersign.own_portal")

    static func decode(_ row: inout RowReader) throws -> (name: String, channel: String) {
        (try row.text("name"), try row.text("channel"))
    }
}

/// Since then, those that the portal wants to be called back for.
struct ListEnds: PreparedStatement {
    let start: Timestamp

    typealias Output = RequestEnd

    static let statement = Statement("forward.list_ends", wantedEnds(of: "own_ends"))
    var parameters: [Parameter] { [.timestamp(start)] }
}

/// The same of requests that are told of.
struct FindEnds: PreparedStatement {
    let ids: [Identifier]

    typealias Output = RequestEnd

    static let statement = Statement("forward.find_ends", wantedEnds(of: "own_ends_of"))
    var parameters: [Parameter] { [.identifiers(ids)] }
}

/// - Parameter function: which gives all of them, for `$1`.
private func wantedEnds(of function: String) -> String {
    """
    SELECT e.transaction_id, e.epoch, e.status, e.deny_reason, e.callback_uri, e.resolved_at
    FROM countersign.\(function)($1) e
    WHERE e.status = ANY (SELECT unnest(o.notify_on) FROM countersign.own_portal o)
    ORDER BY e.resolved_at, e.transaction_id
    """
}
