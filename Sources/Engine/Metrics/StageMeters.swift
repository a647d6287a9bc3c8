package import Countersign
package import Metrics
import Postgres

/// What a stage of this process counts, for `/metrics`. Labels are bounded: never a user, a transaction or an address.
package struct StageMeters: Sendable {
    /// Why a sleep ended: by a ring, because a known row fell due, or because the backstop poll had come.
    package enum WakeUp: String, Sendable, CaseIterable { case rung, due, poll }

    private let stage: StageName
    private let factory: any MetricsFactory
    private let batches: Counter
    private let rows: Counter
    private let batchTime: Timer
    private let retries: Counter
    private let reconnects: Counter
    private let rings: Counter
    private let timeouts: Counter
    private let wakeUps: [WakeUp: Counter]

    package init(_ stage: StageName, _ factory: any MetricsFactory) {
        func counter(_ name: String, _ more: (String, String)...) -> Counter {
            let labels = [("stage", stage.rawValue)] + more
            return Counter(label: "countersign_\(name)_total", dimensions: labels, factory: factory)
        }
        self.stage = stage
        self.factory = factory
        batches = counter("stage_batches")
        rows = counter("stage_rows")
        retries = counter("stage_retries")
        reconnects = counter("reconnects")
        rings = counter("bell_rings")
        timeouts = counter("stage_batch_timeouts")
        batchTime = Timer(
            label: "countersign_stage_batch_seconds", dimensions: [("stage", stage.rawValue)],
            factory: factory)
        let causes = WakeUp.allCases.map { ($0, counter("stage_wakeups", ("cause", $0.rawValue))) }
        wakeUps = Dictionary(uniqueKeysWithValues: causes)
        // rate() sees no first error of a series that begins with it.
        for kind in Self.errorClasses { _ = errors(kind) }
    }

    /// Those that a stage may meet: connections, data, constraints, states of transactions, conflicts, rights and schema,
    /// resources, what operators do, the server's own, and ours.
    private static let errorClasses = [
        "08", "22", "23", "25", "40", "42", "53", "55", "57", "XX", "CS", "client",
    ]

    package func batch(_ count: Int, took duration: Duration) {
        batches.increment()
        rows.increment(by: count)
        batchTime.record(duration)
    }

    package func done(_ count: Int) { rows.increment(by: count) }
    package func retried() { retries.increment() }
    package func reconnected() { reconnects.increment() }
    package func timedOut() { timeouts.increment() }
    package func rung() { rings.increment() }
    package func wokeUp(_ cause: WakeUp) { wakeUps[cause]?.increment() }

    /// By the class of its SQLSTATE, its first two characters; `client` when it is none of the server's.
    package func failed(_ error: any Error) {
        let kind = PostgresError(in: error).map { String($0.state.description.prefix(2)) } ?? "client"
        errors(kind).increment()
    }

    private func errors(_ kind: String) -> Counter {
        Counter(
            label: "countersign_stage_errors_total",
            dimensions: [("stage", stage.rawValue), ("class", kind)], factory: factory)
    }
}
