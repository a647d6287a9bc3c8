package import Postgres

/// The limits to which visitors of a portal came within the last hour. Starts that were refused for it leave no row, and are not
/// counted.
package struct ReachedLimits: Sendable, Hashable {
    package let portalID: Int
    /// In how many minutes it had as many open requests as it may.
    package let minutesOver: Int
    /// In how many minutes networks had started as many requests as one source may.
    package let minutesOfNetworks: Int
    /// The most networks of one minute.
    package let networks: Int
    /// When networks last did.
    package let lastOfNetworks: Timestamp?
}

extension ReachedLimits: RowReadable {
    package init(_ row: inout RowReader) throws {
        portalID = try row.int("portal_id")
        minutesOver = try row.int("minutes_over")
        minutesOfNetworks = try row.int("minutes_of_networks")
        networks = try row.int("networks")
        lastOfNetworks = try row.optionalTimestamp("last_of_networks")
    }
}

package struct FindReachedLimits: PreparedStatement {
    package typealias Output = ReachedLimits

    package init() {}

    package static let statement = Statement(
        "portal.reached_limits",
        """
        SELECT h.portal_id, count(*) FILTER (WHERE h.over_limit) AS minutes_over,
               count(*) FILTER (WHERE h.networks > 0) AS minutes_of_networks, max(h.networks) AS networks,
               max(h.minute) FILTER (WHERE h.networks > 0) AS last_of_networks
        FROM countersign.limit_history h WHERE h.minute > (SELECT clock_timestamp() - interval '1 hour') GROUP BY h.portal_id
        """)
}
