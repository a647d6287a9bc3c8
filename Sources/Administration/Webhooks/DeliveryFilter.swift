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

/// One page of a list.
package struct DeliveryPage: Sendable {
    /// Of the newest request first.
    package let deliveries: [WebhookDelivery]
    /// Where the next page begins; nil when there is nothing behind this one.
    package let next: Identifier?
    /// The next page is not known to hold anything: this is how far was looked.
    package let isCutShort: Bool
}

extension DeliveryPage {
    package static let size = 25
    /// How many deliveries are looked at.
    static let reach = 20_000

    /// Says how far it came when what it looked at does not fill the page.
    package static func find(
        _ filter: DeliveryFilter, _ connection: inout Connection
    ) async throws -> DeliveryPage {
        let portalID = try await filter.portalID(&connection)
        let listing = ListDeliveries(filter: filter, portalID: portalID, limit: size + 1, reach: reach)
        var found = try await connection.run(listing).all()
        if found.count > size {
            found.removeLast(found.count - size)
            return DeliveryPage(deliveries: found, next: found.last?.transactionID, isCutShort: false)
        }
        let end = try await connection.run(FindDeliveryReach(listing: listing)).first()
        return DeliveryPage(deliveries: found, next: end, isCutShort: end != nil)
    }
}

extension WebhookDelivery {
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
