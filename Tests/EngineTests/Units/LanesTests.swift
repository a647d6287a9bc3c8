import Engine
import Postgres
import Support
import Testing

/// How claims go round the lanes of a queue.
@Suite struct LanesTests {
    private func share(_ lane: Int32, _ claimed: Int, last: Identifier = .random()) -> Lanes.Share {
        Lanes.Share(lane: lane, claimed: claimed, last: last)
    }

    @Test func `a batch that is not full forgets where it stood`() {
        var lanes = Lanes()
        let first = lanes.advance([share(1, 5), share(2, 5)], slice: 5, limit: 10)
        #expect(first && lanes.known == [1, 2] && lanes.slice != nil)
        let second = lanes.advance([share(1, 4), share(3, 1)], slice: 5, limit: 10)
        #expect(!second)
        #expect(lanes.known == [] && lanes.after == [] && lanes.slice == nil)
        #expect(lanes.lastServed == 3)
    }

    @Test func `an empty batch keeps the place in the round`() {
        var lanes = Lanes()
        _ = lanes.advance([share(4, 1)], slice: 1, limit: 10)
        let full = lanes.advance([], slice: 1, limit: 10)
        #expect(!full && lanes.lastServed == 4 && lanes.known == [])
    }

    @Test func `a full slice means that more waits, even when the batch is not full`() {
        var lanes = Lanes()
        let full = lanes.advance([share(1, 5), share(2, 1)], slice: 5, limit: 100)
        #expect(full)
    }

    @Test func `positions are the last ids of each lane, in the order of the lanes`() {
        var lanes = Lanes()
        let ids = (0..<4).map { _ in Identifier.random() }
        _ = lanes.advance([share(9, 1, last: ids[0]), share(2, 1, last: ids[1])], slice: 1, limit: 2)
        #expect(lanes.known == [2, 9] && lanes.after == [ids[1], ids[0]])
        _ = lanes.advance([share(9, 1, last: ids[2]), share(5, 1, last: ids[3])], slice: 1, limit: 2)
        #expect(lanes.known == [2, 5, 9] && lanes.after == [ids[1], ids[3], ids[2]])
    }

    @Test func `forgetting starts every lane anew, and keeps the turn`() {
        var lanes = Lanes()
        _ = lanes.advance([share(1, 5), share(2, 5)], slice: 5, limit: 10)
        lanes.forget()
        #expect(lanes.known == [] && lanes.after == [] && lanes.slice == nil && lanes.lastServed == 2)
    }

    @Test func `lanes with much share what the others leave`() {
        var lanes = Lanes()
        let light = (2...20).map { share($0, 1) }
        _ = lanes.advance([share(1, 25)] + light, slice: 25, limit: 500)
        #expect(lanes.slice == 500)
        _ = lanes.advance([share(1, 250), share(2, 250)], slice: 250, limit: 500)
        #expect(lanes.slice == 250)
        let many = (1...500).map { share($0, 1) }
        _ = lanes.advance(many, slice: 1, limit: 500)
        #expect(lanes.slice == 1)
        _ = lanes.advance((1...3).map { share($0, 1) }, slice: 1, limit: 2)
        #expect(lanes.slice == 1)
    }

    /// A queue as the claim sees it: rows before a known position are not found, lanes come after the one
    /// served last, and each gives a slice.
    private struct Queue {
        var rows: [Int32: [Identifier]] = [:]

        mutating func insert(_ lane: Int32, _ id: Identifier) {
            rows[lane, default: []].append(id)
            rows[lane]?.sort()
        }

        mutating func claim(_ lanes: Lanes, limit: Int) -> (shares: [Lanes.Share], slice: Int) {
            let positions = Dictionary(uniqueKeysWithValues: zip(lanes.known, lanes.after))
            let waiting = rows.filter { !$0.value.isEmpty }.keys
            let present = Set(waiting).union(lanes.known)
            let slice = lanes.slice ?? max(1, limit / max(1, present.count))
            let order = present.sorted {
                ($0 <= lanes.lastServed ? 1 : 0, $0) < ($1 <= lanes.lastServed ? 1 : 0, $1)
            }
            var (shares, left): ([Lanes.Share], Int) = ([], limit)
            for lane in order where left > 0 {
                let found = rows[lane, default: []].filter { id in positions[lane].map { id > $0 } ?? true }
                let taken = found.prefix(min(slice, left))
                guard let last = taken.last else { continue }
                rows[lane]?.removeAll { taken.contains($0) }
                shares.append(Lanes.Share(lane: lane, claimed: taken.count, last: last))
                left -= taken.count
            }
            return (shares, slice)
        }
    }

    /// Whatever comes in whatever order: every row is served, once, and no lane waits for more than a round.
    @Test(arguments: 0..<50 as Range<UInt64>) func `random histories`(seed: UInt64) {
        var random = SplitMix(state: seed)
        var (queue, lanes) = (Queue(), Lanes())
        var (inserted, served) = (0, 0)
        var late: [Int32: [Identifier]] = [:]  // ids made early, committed late
        let limit = Int.random(in: 1...12, using: &random)
        for step in 0..<60 {
            for _ in 0..<Int.random(in: 0...15, using: &random) {
                let lane = Int32.random(in: 1...8, using: &random)
                late[lane, default: []].append(identifier(inserted))
                inserted += 1
            }
            if step % 3 == 0 {
                for (lane, ids) in late { for id in ids { queue.insert(lane, id) } }
                late = [:]
            }
            served += run(&queue, &lanes, limit, isPoll: step % 5 == 0)
        }
        for (lane, ids) in late { for id in ids { queue.insert(lane, id) } }
        lanes.forget()
        for _ in 0...inserted { served += run(&queue, &lanes, limit, isPoll: false) }
        #expect(served == inserted)
        #expect(queue.rows.allSatisfy { $0.value.isEmpty })
    }

    private func run(_ queue: inout Queue, _ lanes: inout Lanes, _ limit: Int, isPoll: Bool) -> Int {
        if isPoll { lanes.forget() }
        let (shares, slice) = queue.claim(lanes, limit: limit)
        let full = lanes.advance(shares, slice: slice, limit: limit)
        #expect(lanes.known == lanes.known.sorted() && Set(lanes.known).count == lanes.known.count)
        #expect(lanes.known.count == lanes.after.count)
        #expect(full || lanes.known.isEmpty)
        #expect((lanes.slice ?? 1) >= 1 && (lanes.slice ?? 1) <= max(1, limit))
        return shares.reduce(0) { $0 + $1.claimed }
    }

    /// One lane's hundred thousand do not delay the others' one.
    @Test func `a light lane is served in the next batch, whatever the heavy ones hold`() {
        var (queue, lanes) = (Queue(), Lanes())
        for n in 0..<3000 { queue.insert(n.isMultiple(of: 2) ? 1 : 2, identifier(n)) }
        for n in 0..<12 {
            let light = Int32(3 + n % 5)
            queue.insert(light, identifier(5000 + n))
            let (shares, slice) = queue.claim(lanes, limit: 100)
            _ = lanes.advance(shares, slice: slice, limit: 100)
            // heavy lanes that came first may have filled this batch: then it is the next one's first
            if shares.contains(where: { $0.lane == light }) { continue }
            let (next, nextSlice) = queue.claim(lanes, limit: 100)
            _ = lanes.advance(next, slice: nextSlice, limit: 100)
            #expect(next.contains { $0.lane == light }, "lane \(light) waits for a third batch")
        }
    }

    @Test func `batches are small while somebody with little stands beside a backlog`() {
        var lanes = Lanes()
        /// A batch that lane 1, which never ends, fills up. Returns how large it was.
        func batch(beside others: [Lanes.Share] = []) -> Int {
            let limit = lanes.limit(500)
            let rest = others.reduce(limit) { $0 - $1.claimed }
            _ = lanes.advance(others + [share(1, rest)], slice: lanes.slice ?? limit, limit: limit)
            return limit
        }
        #expect(batch() == 500 && batch() == 500, "alone")
        #expect(batch(beside: [share(2, 1)]) == 500, "the one that finds the other's row")
        for _ in 0..<500 { #expect(batch() == 100) }
        #expect(batch() == 500, "nobody has come for a while")
        _ = batch(beside: [share(3, 2)])
        _ = lanes.advance([share(1, 7)], slice: 100, limit: 100)
        #expect(lanes.limit(500) == 500, "the backlog is gone")
    }

    @Test func `many backlogs side by side keep their large batches`() {
        var (queue, lanes) = (Queue(), Lanes())
        for n in 0..<4_000 { queue.insert(Int32(1 + n % 4), identifier(n)) }
        for _ in 0..<8 {
            let limit = lanes.limit(500)
            #expect(limit == 500)
            let (shares, slice) = queue.claim(lanes, limit: limit)
            _ = lanes.advance(shares, slice: slice, limit: limit)
        }
    }

    private func identifier(_ number: Int) -> Identifier {
        let bytes = (0..<16).map { UInt8(truncatingIfNeeded: $0 < 8 ? number >> (56 - 8 * $0) : 1) }
        return Identifier(bytes: bytes) ?? .random()
    }
}
