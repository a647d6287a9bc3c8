package import Postgres

/// What a portal's webhooks go to at one scheme, host and port, and how that goes.
package struct WebhookReceiver: Sendable {
    package struct Name: Sendable, Hashable {
        package let portal: String
        package let origin: String
    }

    /// The breaker, once it has opened.
    package struct Breaker: Sendable {
        package let state: String
        package let openUntil: Timestamp
        package let failingSince: Timestamp?
        /// The class of error that opened it.
        package let reason: String?
    }

    /// Of deliveries that were given up within a week.
    package struct Dead: Sendable {
        package let count: Int
        /// There are more than were counted.
        package let isCut: Bool
        package let first: Timestamp
        package let reason: String?
    }

    /// Of the attempts that were made for the latest deliveries.
    package struct Figures: Sendable {
        package let attempts: Int
        package let delivered: Int
        /// 99 of 100 took at most so long.
        package let p99: Duration
        package let lastError: (words: String, at: Timestamp)?
    }

    /// Figures are of the last deliveries of all portals, and of those within a day.
    package static let sample = 10_000
    /// What waits is counted up to here.
    package static let most = 1_000

    package let name: Name
    package internal(set) var breaker: Breaker?
    /// At most `most` + 1.
    package internal(set) var waiting = 0
    package internal(set) var dead: Dead?
    package internal(set) var figures: Figures?

    package var isTripped: Bool { breaker.map { $0.state != "closed" } ?? false }

    /// What went wrong last, in words.
    package var lastError: String? { figures?.lastError?.words ?? dead?.reason ?? breaker?.reason }

    private init(_ name: Name) { self.name = name }
}

extension WebhookReceiver {
    package typealias AllFigures = [Name: Figures]

    /// The slow part: a look at `sample` deliveries.
    package static func figures(_ connection: inout Connection) async throws -> AllFigures {
        let all = try await connection.run(FindReceiverFigures()).all()
        return Dictionary(uniqueKeysWithValues: all.map { ($0.name, $0.figures) })
    }

    /// Those that fail first, then those with dead deliveries, then by name; of that portal only, unless it is nil.
    ///
    /// - Parameter figures: of all portals, as they may have been read a while ago.
    package static func list(
        portal: String?, _ figures: AllFigures, _ connection: inout Connection
    ) async throws -> [WebhookReceiver] {
        var portalID: Int32?
        if let portal { portalID = try await Portal.identifier(of: portal, &connection) }
        let (found, dead) = try await connection.pipeline(
            FindReceivers(portalID: portalID), FindDeadReceivers(portalID: portalID)
        ).results
        var receivers: [Name: WebhookReceiver] = [:]
        for row in try found.all() {
            receivers[row.name, default: WebhookReceiver(row.name)].waiting = row.waiting
            receivers[row.name]?.breaker = row.breaker
        }
        for row in try dead.all() {
            let name = Name(portal: row.portal, origin: row.origin)
            receivers[name, default: WebhookReceiver(name)].dead = Dead(
                count: row.count, isCut: row.isCut, first: row.first, reason: row.reason)
        }
        for (name, figures) in figures where portal == nil || name.portal == portal {
            receivers[name, default: WebhookReceiver(name)].figures = figures
        }
        return receivers.values.sorted { $0.place < $1.place }
    }

    private var place: (Int, Int, String, String) {
        (isTripped ? 0 : 1, -(dead?.count ?? 0), name.portal, name.origin)
    }
}
