/// How many things took how long, in forty places as `countersign.record_sign_ins` has them: those of minutes add up.
package struct TimeHistogram: Sendable, Hashable {
    package private(set) var counts: [Int]

    package init(_ counts: [Int] = []) {
        self.counts = counts
    }

    package static func += (left: inout TimeHistogram, right: TimeHistogram) {
        for (place, count) in right.counts.enumerated() {
            if place < left.counts.count { left.counts[place] += count } else { left.counts.append(count) }
        }
    }

    /// The time that this share of them stayed under, within a fifth; nil of none.
    package func quantile(_ share: Double) -> Duration? {
        let total = counts.reduce(0, +)
        guard total > 0 else { return nil }
        let rank = share * Double(total)
        var below = 0
        for (place, count) in counts.enumerated() where count > 0 {
            if Double(below + count) >= rank {
                let (low, high) = (place == 0 ? 0 : Self.bound(place - 1), Self.bound(place))
                let milliseconds = low + (high - low) * (rank - Double(below)) / Double(count)
                return .microseconds(Int64(milliseconds * 1_000))
            }
            below += count
        }
        return nil
    }

    /// Milliseconds up to which times stand in that place.
    private static func bound(_ place: Int) -> Double {
        Double(1 << (place / 2)) * (place % 2 == 0 ? 1 : 2.0.squareRoot())
    }
}
