package import Postgres

/// Which authentication requests to list; nil is any.
package struct RequestFilter: Sendable, Hashable {
    /// What a request has come to, in words that operators choose from.
    package enum State: String, Sendable, CaseIterable {
        case open, requested, issued, scanned, ended, authenticated, unauthenticated, denied, expired,
            cancelled, failed

        /// Of the column.
        package var statuses: [String] {
            switch self {
            case .open: ["requested", "issued", "scanned"]
            case .ended: ["authenticated"] + Self.unauthenticated.statuses
            case .unauthenticated: ["denied", "expired", "cancelled", "failed"]
            default: [rawValue]
            }
        }
    }

    package var portal: String?
    package var type: String?
    package var state: State?
    /// The portal's own handle.
    package var reference: String?
    /// For those who may see users, as is the device.
    package var user: String?
    package var device: String?
    package var since: Timestamp?
    package var until: Timestamp?
    /// Only older ones than this: where the page before has ended.
    package var before: Identifier?

    package init() {}
}

/// A request in a list.
package struct RequestSummary: Sendable, Hashable {
    package let id: Identifier
    package let portal: String?
    package let type: String
    package let status: String
    package let reference: String?
    package let requestedAt: Timestamp
    package let issuedAt: Timestamp?
    package let resolvedAt: Timestamp?
    package let app: String?
    package let userID: String?
    /// The status of its delivery, once there is one.
    package let delivery: String?
}

extension RequestSummary {
    /// For logins in countersign_admin. No index serves portal, type and state, which every insert would pay for: of the
    /// requests that are left by the others it looks at `listReach`, the newest first, and says how far it came.
    package static func page(
        _ filter: RequestFilter, _ connection: inout Connection
    ) async throws -> ListPage<RequestSummary> {
        var source = ListRequests.Source.all
        if filter.user != nil || filter.device != nil {
            let owners = try await filter.device.map { FindDeviceOwners(device: $0) }
                .asyncMap { try await connection.run($0).all() }
            source = .people(
                filter.user.map { [$0] } ?? Array(Set((owners ?? []).map(\.userID))),
                enrollments: owners.map { $0.map(\.enrollmentID) })
        } else if let reference = filter.reference {
            source = .reference(reference)
        }
        let portalID = try await filter.portal.asyncMap { try await Portal.identifier(of: $0, &connection) }
        let listing = ListRequests(source: source, filter: filter, portalID: portalID)
        return try await ListPage(try await connection.run(listing).all(), id: { $0.id }) {
            try await connection.run(FindReach(listing: listing)).first()
        }
    }
}

extension Optional {
    /// `map` for what takes its time.
    fileprivate func asyncMap<T>(_ transform: (Wrapped) async throws -> T) async throws -> T? {
        guard let value = self else { return nil }
        return try await transform(value)
    }
}
