import Countersign
import HTTPService
import Hummingbird
import Logging
import Postgres
import Synchronization

/// The databases whose portals the server serves: as a rule the one. Which of them a request concerns, its ids say, and of
/// what has none its portal.
struct Cells: Sendable {
    /// Where users and their devices are kept, and the only one of most installations.
    let home: GatewayCell
    /// The home first.
    let all: [GatewayCell]
    private let places: [Int: Int]
    private let strangers: UnknownCells
    private let twins: TwinClientIDs

    init(home: GatewayCell, others: [GatewayCell] = [], logger: Logger) {
        (self.home, all) = (home, [home] + others)
        places = Dictionary(all.enumerated().map { ($1.number, $0) }) { first, _ in first }
        strangers = UnknownCells(logger)
        twins = TwinClientIDs(logger)
    }

    /// The one that has made that id. What none here has made, the home is asked for, and knows nothing of.
    subscript(id: Identifier?) -> GatewayCell { all[place(id)] }

    subscript(portal: KnownPortal) -> GatewayCell { all[places[portal.cell] ?? 0] }

    /// Of a client id that two of them know, by their places.
    func noteTwins(_ clientID: String, _ first: Int, _ second: Int) {
        twins.note(clientID, [all[first].number, all[second].number].sorted())
    }

    private func place(_ id: Identifier?) -> Int {
        guard let id, all.count > 1 else { return 0 }
        if let place = places[id.cell] { return place }
        strangers.note(id.cell)
        return 0
    }

    /// Routes whose paths name a request: each goes to those of the request's cell.
    func routes(_ make: (GatewayCell) -> [Route]) -> [Route] {
        let made = all.map(make)
        return made[0].indices.map { index in
            Route(made[0][index].method, made[0][index].path) { request in
                let id = Identifier(try request.parameter("transaction_id"))
                return try await made[place(id)][index].handle(request)
            }
        }
    }
}

/// Cells that ids have named and that nobody has told this server of: a line each.
private final class UnknownCells: Sendable {
    private let told = Mutex<Set<Int>>([])
    private let logger: Logger

    init(_ logger: Logger) { self.logger = logger }

    func note(_ number: Int) {
        guard told.withLock({ $0.insert(number).inserted }) else { return }
        logger.warning(
            "an id names a cell that is not served here; --cell adds one", metadata: ["cell": "\(number)"])
    }
}

/// Client ids that have come to be known in two cells since the server began: a line each, as one of both portals is
/// refused from now on.
private final class TwinClientIDs: Sendable {
    private static let capacity = 1_000
    private let told = Mutex<Set<String>>([])
    private let logger: Logger

    init(_ logger: Logger) { self.logger = logger }

    func note(_ clientID: String, _ cells: [Int]) {
        let isNew = told.withLock { $0.count < Self.capacity && $0.insert(clientID).inserted }
        guard isNew else { return }
        logger.error(
            "a client id is known in two cells; `portal credentials remove` takes it out of one",
            metadata: ["client_id": "\(clientID)", "cells": "\(cells[0]) and \(cells[1])"])
    }
}
