package import Postgres

/// Deliveries of one state or of any, of the newest request first.
package struct ListDeliveries: StatementFamily {
    let filter: DeliveryFilter
    let portalID: Int32?
    let limit: Int
    /// How many are looked at; nil is all.
    let reach: Int?

    package typealias Output = WebhookDelivery

    package init(filter: DeliveryFilter, portalID: Int32?, limit: Int, reach: Int?) {
        (self.filter, self.portalID, self.limit, self.reach) = (filter, portalID, limit, reach)
    }

    package static let members = Kind.allCases.map {
        Statement("webhook.list_\($0)", selectDeliveries($0.list))
    }
    package var statement: Statement { Self.members[Kind(filter.state).rawValue] }
    package var parameters: [Parameter] {
        bounds + [
            Parameter(filter.receiver), .int32(Int32(limit)), reach.map { .int32(Int32($0)) } ?? .null,
        ]
    }

    var bounds: [Parameter] {
        [portalID.map { .int32($0) } ?? .null, Parameter(filter.since), Parameter(filter.before)]
    }

    enum Kind: Int, CaseIterable {
        case any, waiting, dead, delivered

        init(_ state: WebhookDelivery.State?) {
            self =
                switch state {
                case nil: .any
                case .waiting: .waiting
                case .dead: .dead
                case .delivered: .delivered
                }
        }

        private var table: String {
            switch self {
            case .any, .delivered: "webhook_deliveries"
            case .waiting: "dispatch_queue"
            case .dead: "dead_deliveries"
            }
        }

        /// What is looked at, with $1 portal, $2 since, $3 before. No index of webhook_deliveries leads to a portal, which
        /// every end of a request would pay for.
        var source: String {
            let within =
                switch self {
                case .any, .delivered:
                    """
                    f.transaction_id >= coalesce(countersign.uuid_floor($2::timestamptz),
                                                 '00000000-0000-0000-0000-000000000000')
                    """
                case .waiting:
                    "($2::timestamptz IS NULL OR f.queued_at >= $2) AND ($1::integer IS NULL OR f.portal_id = $1)"
                case .dead:
                    "($2::timestamptz IS NULL OR f.died_at >= $2) AND ($1::integer IS NULL OR f.portal_id = $1)"
                }
            return """
                FROM countersign.\(table) f
                WHERE \(within) AND f.transaction_id < coalesce($3::uuid, 'ffffffff-ffff-ffff-ffff-ffffffffffff')
                ORDER BY f.transaction_id DESC
                """
        }

        /// $4 receiver, $5 rows at most, $6 how many are looked at.
        fileprivate var list: String {
            let found =
                table == "webhook_deliveries"
                ? "(SELECT f.* \(source) LIMIT $6) AS d"
                : "(SELECT f.transaction_id \(source) LIMIT $6) AS s JOIN countersign.webhook_deliveries d USING (transaction_id)"
            return """
                SELECT d.* FROM \(found)
                WHERE ($1::integer IS NULL OR d.portal_id = $1) AND ($4::text IS NULL OR \(ReplayWebhooks.origin) = $4)
                  \(self == .delivered ? "AND d.status = 'delivered'" : "")
                ORDER BY d.transaction_id DESC LIMIT $5
                """
        }
    }
}

/// How far back a list has looked, when there is more behind that.
package struct FindDeliveryReach: StatementFamily {
    let listing: ListDeliveries

    package init(listing: ListDeliveries) { self.listing = listing }

    package static let members = ListDeliveries.Kind.allCases.map { kind in
        // The portal is typed also where it is not looked at.
        Statement(
            "webhook.reach_of_\(kind)",
            """
            SELECT f.transaction_id FROM (SELECT $1::integer) AS asked, LATERAL (
                SELECT f.transaction_id \(kind.source) OFFSET \(listReach - 1) LIMIT 1) AS f
            """)
    }
    package var statement: Statement { Self.members[ListDeliveries.Kind(listing.filter.state).rawValue] }
    package var parameters: [Parameter] { listing.bounds }

    package static func decode(_ row: inout RowReader) throws -> Identifier {
        try row.identifier("transaction_id")
    }
}
