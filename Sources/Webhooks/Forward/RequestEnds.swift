package import Engine
package import Postgres

/// How a request has ended, as its portal reads it.
package struct RequestEnd: Sendable, Hashable {
    package let transactionID: Identifier
    /// That has ended it after a restore, as in `WebhookMessage`.
    let epoch: Int?
    package let status: String
    let denyReason: String?
    let callbackURI: String?
    package let occurredAt: Timestamp
}

/// The ends of a portal's requests as they come, read with the portal's own rights: each once, and in the order of the
/// ends that are seen together. What ends while nobody is connected is seen at the next look.
package struct RequestEnds: Sendable {
    /// Nobody's transaction that ends a request stays open for longer.
    private static let longestCommit = Duration.seconds(600)

    private let portal: String
    private let clock: DatabaseClock
    private var lastLook: Timestamp
    private var seen: [Identifier: Timestamp] = [:]
    /// The server process of the session that listens.
    private var session: Int32?

    /// Begins after those that can be seen now. Throws `NotThisPortal`.
    package init(of portal: String, _ clock: DatabaseClock, _ connection: inout Connection) async throws {
        (self.portal, self.clock) = (portal, clock)
        lastLook = try await connection.run(TellTime()).one()
        _ = try await next(&connection)
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
    }

    /// Those that were not returned before. The session listens from then on, also one that is another than before.
    package mutating func next(_ connection: inout Connection) async throws -> [RequestEnd] {
        if session != connection.processID { try await open(&connection) }
        let now = try await connection.run(TellTime()).one()
        clock.set(now)
        let start = lastLook.advanced(by: .zero - Self.longestCommit)
        let ends = try await connection.run(ListEnds(start: start)).all()
        let new = ends.filter { seen.updateValue($0.occurredAt, forKey: $0.transactionID) == nil }
        seen = seen.filter { $0.value >= start }
        lastLook = now
        return new
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

    static let statement = Statement(
        "forward.list_ends",
        """
        SELECT e.transaction_id, e.epoch, e.status, e.deny_reason, e.callback_uri, e.resolved_at
        FROM countersign.own_ends($1) e
        WHERE e.status = ANY (SELECT unnest(o.notify_on) FROM countersign.own_portal o)
        ORDER BY e.resolved_at, e.transaction_id
        """)
    var parameters: [Parameter] { [.timestamp(start)] }

    static func decode(_ row: inout RowReader) throws -> RequestEnd {
        RequestEnd(
            transactionID: try row.identifier("transaction_id"), epoch: try row.optionalInt("epoch"),
            status: try row.text("status"), denyReason: try row.optionalText("deny_reason"),
            callbackURI: try row.optionalText("callback_uri"), occurredAt: try row.timestamp("resolved_at"))
    }
}
