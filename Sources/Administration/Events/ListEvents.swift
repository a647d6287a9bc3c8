package import Postgres

extension AuditEvent {
    /// A page of the audit trail, for logins in countersign_admin, without `started`. By user and by request an index leads to
    /// them; of the others it looks at so many and says how far it came.
    package static func page(
        _ filter: Filter, _ connection: inout Connection
    ) async throws -> ListPage<AuditEvent> {
        var filter = filter
        filter.limit = listPageSize + 1
        let listing = try await ListEvents.of(filter, &connection)
        return try await ListPage(try await connection.run(listing).all(), id: { $0.id }) {
            try await connection.run(FindEventReach(listing: listing)).first()
        }
    }

    /// As many as the filter's limit says of those that a page would look at, and where to go on; nil at the end.
    package static func portion(
        _ filter: Filter, _ connection: inout Connection
    ) async throws -> (events: [AuditEvent], next: Identifier?) {
        let listing = try await ListEvents.of(filter, &connection)
        let events = try await connection.run(listing).all()
        if events.count == filter.limit { return (events, events.last?.id) }
        return (events, try await connection.run(FindEventReach(listing: listing)).first())
    }
}

/// Events, the newest first, with users, actors and details.
package struct ListEvents: StatementFamily {
    let filter: AuditEvent.Filter
    let portalID: Int32?

    package typealias Output = AuditEvent

    package init(filter: AuditEvent.Filter, portalID: Int32?) {
        (self.filter, self.portalID) = (filter, portalID)
    }

    static func of(_ filter: AuditEvent.Filter, _ connection: inout Connection) async throws -> ListEvents {
        var portalID: Int32?
        if let portal = filter.portal { portalID = try await Portal.identifier(of: portal, &connection) }
        return ListEvents(filter: filter, portalID: portalID)
    }

    enum Kind: Int, CaseIterable {
        case all, user, transaction

        /// $1 since, $2 until, $3 before, and where an index leads to them $4.
        var source: String {
            let key = self == .user ? "AND e.user_id = $4" : ""
            let table = self == .transaction ? Self.ofTransaction : "countersign.events"
            return """
                FROM \(table) AS e
                WHERE e.event_id >= coalesce(countersign.uuid_floor($1::timestamptz), '00000000-0000-0000-0000-000000000000')
                  AND e.event_id < coalesce(countersign.uuid_floor($2::timestamptz), 'ffffffff-ffff-ffff-ffff-ffffffffffff')
                  AND e.event_id < coalesce($3::uuid, 'ffffffff-ffff-ffff-ffff-ffffffffffff') \(key)
                ORDER BY e.event_id DESC
                """
        }

        /// All that a request has, whose index knows no order: a server that has never analysed a week would walk along its
        /// primary key instead. Nothing happens to a request before its own time.
        private static let ofTransaction = """
            (SELECT t.* FROM countersign.events t WHERE t.transaction_id = $4::uuid
             AND t.event_id >= countersign.uuid_floor(countersign.uuid_time($4::uuid)) OFFSET 0)
            """

        /// The places of portal, types, limit and transaction after those of the source.
        fileprivate var list: String {
            let first = self == .all ? 4 : 5
            let types = AuditEvent.matches("e.type", in: "$\(first + 1)")
            return """
                WITH found (\(AuditEvent.found)) AS (
                    SELECT e.event_id, e.occurred_at, e.type, e.transaction_id, e.enrollment_id, e.portal_id, e.app_id,
                           \(AuditEvent.people(true))
                    FROM (SELECT e.* \(source) LIMIT \(listReach)) AS e
                    WHERE ($\(first)::integer IS NULL OR e.portal_id = $\(first)) AND \(types)
                      AND ($\(first + 3)::uuid IS NULL OR e.transaction_id = $\(first + 3))
                    ORDER BY e.event_id DESC LIMIT $\(first + 2)
                )
                \(AuditEvent.reading(showsUsers: true))
                ORDER BY f.id DESC
                """
        }
    }

    var kind: Kind { filter.userID != nil ? .user : filter.transactionID != nil ? .transaction : .all }

    package static let members = Kind.allCases.map { Statement("events.list_\($0)", $0.list) }
    package var statement: Statement { Self.members[kind.rawValue] }
    package var parameters: [Parameter] {
        bounds + [
            portalID.map { .int32($0) } ?? .null, filter.types.map { .texts($0) } ?? .null,
            .int(Int64(filter.limit)), Parameter(filter.transactionID),
        ]
    }

    var bounds: [Parameter] {
        let bounds = [Parameter(filter.since), Parameter(filter.until), Parameter(filter.before)]
        return switch kind {
        case .all: bounds
        case .user: bounds + [Parameter(filter.userID)]
        case .transaction: bounds + [Parameter(filter.transactionID)]
        }
    }
}

/// How far back a list has looked, when there is more behind that.
package struct FindEventReach: StatementFamily {
    let listing: ListEvents

    package init(listing: ListEvents) { self.listing = listing }

    package static let members = ListEvents.Kind.allCases.map {
        Statement(
            "events.reach_of_\($0)", "SELECT e.event_id \($0.source) OFFSET \(listReach - 1) LIMIT 1")
    }
    package var statement: Statement { Self.members[listing.kind.rawValue] }
    package var parameters: [Parameter] { listing.bounds }

    package static func decode(_ row: inout RowReader) throws -> Identifier { try row.identifier("event_id") }
}
