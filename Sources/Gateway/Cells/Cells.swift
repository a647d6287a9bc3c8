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
    private let strangers = ToldOnce()
    private let twins = ToldOnce()
    private let logger: Logger

    init(home: GatewayCell, others: [GatewayCell] = [], logger: Logger) {
        (self.home, all) = (home, [home] + others)
        places = Dictionary(all.enumerated().map { ($1.number, $0) }) { first, _ in first }
        self.logger = logger
    }

    /// The one that has made that id. What none here has made, the home is asked for, and knows nothing of.
    subscript(id: Identifier?) -> GatewayCell { all[place(id)] }

    subscript(portal: KnownPortal) -> GatewayCell { all[places[portal.cell] ?? 0] }

    /// Of a client id that has come to be known in two of them, by their places: one of both portals is refused.
    func noteTwins(_ clientID: String, _ first: Int, _ second: Int) {
        guard twins.isNew(clientID) else { return }
        let numbers = [all[first].number, all[second].number].sorted()
        logger.error(
            "a client id is known in two cells; `portal credentials remove` takes it out of one",
            metadata: ["client_id": "\(clientID)", "cells": "\(numbers[0]) and \(numbers[1])"])
    }

    private func place(_ id: Identifier?) -> Int {
        guard let id, all.count > 1 else { return 0 }
        if let place = places[id.cell] { return place }
        if strangers.isNew("\(id.cell)") {
            logger.warning(
                "an id names a cell that is not served here; --cell adds one",
                metadata: ["cell": "\(id.cell)"])
        }
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

/// What a server has told of since it began, so that it is a line each. After so many that nobody would read more, none.
private final class ToldOnce: Sendable {
    private static let capacity = 1_024
    private let told = Mutex<Set<String>>([])

    /// Whether that is to be told now.
    func isNew(_ what: String) -> Bool {
        told.withLock { $0.count < Self.capacity && $0.insert(what).inserted }
    }
}
