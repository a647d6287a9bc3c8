/// What several rounds gave: their median, and how far apart they lie.
struct Spread: Sendable, Encodable {
    let median: Double
    let least: Double
    let greatest: Double

    /// Of at least one value.
    init(_ values: [Double]) {
        let sorted = values.sorted()
        precondition(!sorted.isEmpty)
        (least, greatest) = (sorted[0], sorted[sorted.count - 1])
        median = (sorted[(sorted.count - 1) / 2] + sorted[sorted.count / 2]) / 2
    }
}
