package import Postgres

/// A page of requests, and one more.
package struct ListRequests: StatementFamily {
    /// Where an index leads to them.
    package enum Source: Sendable {
        case all
        case reference(String)
        /// Those of users, whose answers stand in the audit trail; of these enrollments only, unless that is nil.
        case people([String], enrollments: [Identifier]?)
    }

    /// How many are looked at: of 2,000,000 in a day 20,000 take 20 ms when none fits.
    package static let reach = 20_000

    let source: Source
    let filter: RequestFilter
    let portalID: Int32?

    package typealias Output = RequestSummary

    package init(source: Source, filter: RequestFilter, portalID: Int32?) {
        (self.source, self.filter, self.portalID) = (source, filter, portalID)
    }

    package static let members = SourceKind.allCases.map { Statement("request.list_\($0)", list($0)) }
    package var statement: Statement { Self.members[source.kind.rawValue] }
    package var parameters: [Parameter] {
        bounds + [
            portalID.map { .int32($0) } ?? .null, Parameter(filter.type),
            filter.state.map { .texts($0.statuses) } ?? .null, Parameter(filter.reference),
        ] + source.parameters
    }

    var bounds: [Parameter] {
        [Parameter(filter.since), Parameter(filter.until), Parameter(filter.before)]
    }

    /// $1 since, $2 until, $3 before, $4 portal, $5 type, $6 states, $7 reference, then those of the source.
    private static func list(_ kind: SourceKind) -> String {
        """
        SELECT r.transaction_id, p.name AS portal, r.auth_type, r.status::text AS status, r.reference, r.requested_at,
               r.issued_at, r.resolved_at, a.name AS app, r.user_id,
               (SELECT d.status FROM countersign.webhook_deliveries d WHERE d.transaction_id = r.transaction_id) AS delivery
        FROM (SELECT l.* FROM (\(kind.sql)) AS l
              WHERE ($4::integer IS NULL OR l.portal_id = $4) AND ($5::text IS NULL OR l.auth_type = $5)
                AND ($6::text[] IS NULL OR l.status::text = ANY ($6)) AND ($7::text IS NULL OR l.reference = $7)
              ORDER BY l.transaction_id DESC LIMIT \(listPageSize + 1)) AS r
        LEFT JOIN countersign.portals p USING (portal_id) LEFT JOIN countersign.apps a USING (app_id)
        ORDER BY r.transaction_id DESC
        """
    }

    package enum SourceKind: Int, CaseIterable { case all, reference, people }
}

extension ListRequests.Source {
    var kind: ListRequests.SourceKind {
        switch self {
        case .all: .all
        case .reference: .reference
        case .people: .people
        }
    }

    var parameters: [Parameter] {
        guard case .people(let users, let enrollments) = self else { return [] }
        return [.texts(users), enrollments.map { .identifiers($0) } ?? .null]
    }
}

extension ListRequests.SourceKind {
    /// Ids are in the order of time.
    static let within = """
        r.transaction_id >= coalesce(countersign.uuid_floor($1::timestamptz), '00000000-0000-0000-0000-000000000000')
          AND r.transaction_id < coalesce(countersign.uuid_floor($2::timestamptz), 'ffffffff-ffff-ffff-ffff-ffffffffffff')
          AND r.transaction_id < coalesce($3::uuid, 'ffffffff-ffff-ffff-ffff-ffffffffffff')
        """

    private static let columns = """
        r.transaction_id, r.portal_id, r.auth_type, r.status, r.reference, r.requested_at, r.issued_at, r.resolved_at,
        r.app_id, r.user_id
        """

    var sql: String {
        switch self {
        case .all: newest("")
        case .reference: newest("AND r.reference = $7")
        case .people:
            // A user's answer is in the audit trail within the quarter of an hour after the request. Each of them is looked up,
            // however many a server that has never analysed the tables believes there are.
            """
            SELECT \(Self.columns) FROM (
                SELECT DISTINCT seen.transaction_id FROM unnest($8::text[]) AS u (user_id) CROSS JOIN LATERAL (
                    SELECT e.transaction_id FROM countersign.events e
                    WHERE e.user_id = u.user_id AND e.transaction_id IS NOT NULL
                      AND e.event_id >= coalesce(countersign.uuid_floor($1::timestamptz),
                                                 '00000000-0000-0000-0000-000000000000')
                      AND e.event_id < coalesce(countersign.uuid_floor(least($2::timestamptz,
                              countersign.uuid_time($3::uuid)) + interval '15 minutes'),
                              'ffffffff-ffff-ffff-ffff-ffffffffffff')
                    ORDER BY e.event_id DESC LIMIT 1000) AS seen) AS found
            CROSS JOIN LATERAL (
                SELECT \(Self.columns) FROM countersign.auth_requests r
                WHERE r.transaction_id = found.transaction_id AND \(Self.within)
                  AND ($9::uuid[] IS NULL OR r.enrollment_id = ANY ($9)) LIMIT 1) AS r
            """
        }
    }

    private func newest(_ condition: String) -> String {
        """
        SELECT \(Self.columns) FROM countersign.auth_requests r
        WHERE \(Self.within) \(condition) ORDER BY r.transaction_id DESC LIMIT \(ListRequests.reach)
        """
    }
}

/// How far back a list has looked, when there is more behind that.
package struct FindReach: StatementFamily {
    let listing: ListRequests

    package init(listing: ListRequests) { self.listing = listing }

    package static let members = [
        Statement("request.reach", end("")),
        Statement("request.reach_of_reference", end("AND r.reference = $4")),
        Statement("request.reach_of_people", "SELECT NULL::uuid AS transaction_id WHERE false"),
    ]
    package var statement: Statement { Self.members[listing.source.kind.rawValue] }
    package var parameters: [Parameter] {
        switch listing.source {
        case .all: listing.bounds
        case .reference(let reference): listing.bounds + [.text(reference)]
        case .people: []
        }
    }

    private static func end(_ condition: String) -> String {
        """
        SELECT r.transaction_id FROM countersign.auth_requests r
        WHERE \(ListRequests.SourceKind.within) \(condition)
        ORDER BY r.transaction_id DESC OFFSET \(ListRequests.reach - 1) LIMIT 1
        """
    }

    package static func decode(_ row: inout RowReader) throws -> Identifier {
        try row.identifier("transaction_id")
    }
}

/// Whose device that is, the newest enrollments first.
package struct FindDeviceOwners: PreparedStatement {
    let device: String

    package init(device: String) { self.device = device }

    package static let statement = Statement(
        "request.device_owners",
        """
        SELECT user_id, enrollment_id FROM countersign.enrollments WHERE device_id = $1
        ORDER BY enrollment_id DESC LIMIT 100
        """)
    package var parameters: [Parameter] { [.text(device)] }

    package static func decode(_ row: inout RowReader) throws -> (userID: String, enrollmentID: Identifier) {
        (try row.text("user_id"), try row.identifier("enrollment_id"))
    }
}

extension RequestSummary: RowReadable {
    package init(_ row: inout RowReader) throws {
        id = try row.identifier("transaction_id")
        portal = try row.optionalText("portal")
        type = try row.text("auth_type")
        status = try row.text("status")
        reference = try row.optionalText("reference")
        requestedAt = try row.timestamp("requested_at")
        issuedAt = try row.optionalTimestamp("issued_at")
        resolvedAt = try row.optionalTimestamp("resolved_at")
        app = try row.optionalText("app")
        userID = try row.optionalText("user_id")
        delivery = try row.optionalText("delivery")
    }
}
