package import Metrics

/// How long callers wait for one of a pool's connections.
package struct PoolMeter: Sendable {
    private let wait: Timer

    /// `pool` is a label: `gateway`, `operations`.
    package init(_ pool: String, _ factory: any MetricsFactory = MetricsSystem.factory) {
        wait = Timer(label: "countersign_pool_wait_seconds", dimensions: [("pool", pool)], factory: factory)
    }

    package func waited(_ duration: Duration) { wait.record(duration) }
}

extension Timer {
    /// Negative durations, which clocks that disagree make, count as none.
    func record(_ duration: Duration) {
        recordNanoseconds(Int64(max(0, duration / .nanoseconds(1))))
    }
}
