package import Postgres

/// Which webhook deliveries to list; nil is any.
package struct DeliveryFilter: Sendable, Hashable {
    package var state: WebhookDelivery.State?
    package var portal: String?
    /// Scheme, host and port.
    package var receiver: String?
    /// What was queued, has died or was asked for since then.
    package var since: Timestamp?
    /// Only of older requests than this: where the page before has ended.
    package var before: Identifier?

    package init() {}
}

extension WebhookDelivery {
    /// Of the newest request first. Says how far it came when what it looked at does not fill the page.
    package static func page(
        _ filter: DeliveryFilter, _ connection: inout Connection
    ) async throws -> ListPage<WebhookDelivery> {
        let portalID = try await filter.portalID(&connection)
        let listing = ListDeliveries(
            filter: filter, portalID: portalID, limit: listPageSize + 1, reach: listReach)
        return try await ListPage(try await connection.run(listing).all(), id: { $0.transactionID }) {
            try await connection.run(FindDeliveryReach(listing: listing)).first()
        }
    }

    /// Of the newest request first, however long it takes.
    package static func list(
        _ filter: DeliveryFilter, limit: Int, _ connection: inout Connection
    ) async throws -> [WebhookDelivery] {
        let portalID = try await filter.portalID(&connection)
        let listing = ListDeliveries(filter: filter, portalID: portalID, limit: limit, reach: nil)
        return try await connection.run(listing).all()
    }
}

extension DeliveryFilter {
    fileprivate func portalID(_ connection: inout Connection) async throws -> Int32? {
        guard let portal else { return nil }
        return try await Portal.identifier(of: portal, &connection)
    }
}
