import Histogram

/// Durations, and their percentiles to three digits.
struct Latencies: Sendable {
    private var histogram = Histogram<UInt64>(
        lowestDiscernibleValue: 100, highestTrackableValue: 120_000_000_000,
        numberOfSignificantValueDigits: .three)

    var count: Int { Int(histogram.totalCount) }

    mutating func record(_ duration: Duration) {
        let (seconds, attoseconds) = duration.components
        histogram.record(UInt64(max(0, seconds * 1_000_000_000 + attoseconds / 1_000_000_000)))
    }

    mutating func add(_ other: Latencies) { histogram.add(other.histogram) }

    /// Milliseconds.
    func percentile(_ percentile: Double) -> Double {
        Double(histogram.valueAtPercentile(percentile)) / 1_000_000
    }

    /// For a note: `p50 0.81, p90 1.20, p99 2.31, greatest 4.1 ms of 1500`.
    var summary: String {
        let parts = [("p50", 50.0), ("p90", 90), ("p99", 99), ("greatest", 100)].map { name, value in
            "\(name) \(percentile(value).formatted(.milliseconds))"
        }
        return parts.joined(separator: ", ") + " of \(count)"
    }
}
