import CoreMetrics
import Synchronization

/// One series of a counter.
final class CounterCell: CounterHandler, FloatingPointCounterHandler {
    private let sum = Mutex(0.0)

    func increment(by amount: Int64) { increment(by: Double(amount)) }
    /// A counter never falls, and never becomes NaN.
    func increment(by amount: Double) { if amount > 0, amount.isFinite { sum.withLock { $0 += amount } } }
    func reset() { sum.withLock { $0 = 0 } }

    var value: Double { sum.withLock(\.self) }
}

/// One series of a gauge.
final class GaugeCell: MeterHandler {
    private let current = Mutex(0.0)

    func set(_ value: Int64) { current.withLock { $0 = Double(value) } }
    func set(_ value: Double) { current.withLock { $0 = value } }
    func increment(by amount: Double) { current.withLock { $0 += amount } }
    func decrement(by amount: Double) { current.withLock { $0 -= amount } }

    var value: Double { current.withLock(\.self) }
}

/// One series of a histogram. A timer's nanoseconds are kept as seconds.
final class HistogramCell: RecorderHandler, TimerHandler {
    /// Upper bounds in seconds: from a batch of a millisecond to a request that took its ten minutes.
    static let bounds = [
        0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300, 600,
    ]

    struct Totals {
        /// By bound, and the rest; not yet summed up.
        var counts = [UInt64](repeating: 0, count: HistogramCell.bounds.count + 1)
        var sum = 0.0
    }
    private let state = Mutex(Totals())

    func record(_ value: Int64) { record(Double(value)) }
    func recordNanoseconds(_ duration: Int64) { record(Double(duration) / 1e9) }

    func record(_ value: Double) {
        guard value.isFinite else { return }
        let place = Self.bounds.firstIndex { value <= $0 } ?? Self.bounds.count
        state.withLock { state in
            state.counts[place] += 1
            state.sum += value
        }
    }

    var read: Totals { state.withLock(\.self) }
}
