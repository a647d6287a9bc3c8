package import Postgres

/// Where a stage stands in each lane (portal or app) of its queue, so that claims go round the lanes and,
/// while there is a backlog, start where the last one ended.
///
/// A claim from the beginning of a lane walks over every row that was claimed since the oldest snapshot of the
/// database: with one held open, 63,000 rows/s fell to 33,000 within 200,000 rows. Starting
/// after the last claimed row costs nothing, but misses rows whose insert committed late; so the positions are
/// forgotten as soon as a batch is not full, and at each poll.
package struct Lanes: Sendable, Equatable {
    /// One lane's share of a batch.
    package struct Share: Sendable, Equatable {
        package let lane: Int32
        package let claimed: Int
        package let last: Identifier

        package init(lane: Int32, claimed: Int, last: Identifier) {
            self.lane = lane
            self.claimed = claimed
            self.last = last
        }
    }

    /// Lanes with a known position, ascending, and the last id claimed in each.
    package private(set) var known: [Int32] = []
    package private(set) var after: [Identifier] = []
    /// The lane after which the next round starts.
    package private(set) var lastServed: Int32 = 0
    /// How many rows a lane may give; nil lets the claim divide the batch by the lanes that have work.
    package private(set) var slice: Int?

    /// Batches that are still to be small, see `limit(_:)`.
    private var smallBatches = 0

    /// Rows in a batch while somebody with little to do stands beside somebody with a backlog, who would otherwise
    /// have each new row of the other wait for a whole batch of his own: p99 16.3 ms beside 100,000 rows, with
    /// batches of 500 that take 7 ms.
    static let besideOthers = 100
    /// So many batches long, which is half a second to a second.
    static let memory = 500

    package init() {}

    /// How many rows the next batch takes, of the most that it may.
    package func limit(_ most: Int) -> Int { smallBatches > 0 ? min(most, Self.besideOthers) : most }

    /// Starts from the beginning of every lane again.
    package mutating func forget() {
        (known, after, slice) = ([], [], nil)
    }

    /// Takes note of a batch. Returns whether more is likely to wait: the batch or some lane's slice was full.
    package mutating func advance(_ shares: [Share], slice used: Int, limit: Int) -> Bool {
        let heavy = shares.count { $0.claimed >= used }
        let full = heavy > 0 || shares.reduce(0) { $0 + $1.claimed } >= limit
        if let last = shares.last { lastServed = last.lane }
        guard full else {
            smallBatches = 0
            forget()
            return false
        }
        smallBatches = isMixed(shares, slice: used, limit: limit) ? Self.memory : max(0, smallBatches - 1)
        remember(shares)
        // Lanes that did not fill their slice have little to give: the others share what is left over.
        slice = max(1, limit / max(1, heavy))
        return true
    }

    /// Whether some lanes gave all that they might and others all that they had. The one served last may have been
    /// cut short by the batch's end.
    private func isMixed(_ shares: [Share], slice: Int, limit: Int) -> Bool {
        let isCut = shares.reduce(0) { $0 + $1.claimed } >= limit
        let light = shares.dropLast(isCut ? 1 : 0).count { $0.claimed < slice }
        return light > 0 && light < shares.count
    }

    private mutating func remember(_ shares: [Share]) {
        var positions = Dictionary(uniqueKeysWithValues: zip(known, after))
        for share in shares { positions[share.lane] = share.last }
        known = positions.keys.sorted()
        after = known.compactMap { positions[$0] }
    }
}

extension [Lanes.Share] {
    /// In the order in which a claim has served them: the lanes after the one served last, then from the first
    /// on. The next round starts after the last of these; grouping by lane returns them in no order.
    func inServingOrder(after last: Int32) -> [Lanes.Share] {
        sorted { ($0.lane <= last ? 1 : 0, $0.lane) < ($1.lane <= last ? 1 : 0, $1.lane) }
    }
}
