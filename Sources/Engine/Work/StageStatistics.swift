package import Countersign
package import Metrics
import Synchronization

/// What one stage of one process has done lately, read by the heartbeat, and its meters.
package final class StageStatistics: Sendable {
    package struct Figures: Sendable, Equatable {
        package var inFlight = 0
        package var doneLastMinute = 0
        package var errors = 0
    }

    private struct Counts {
        var figures = Figures()
        /// Rows done in each of the last sixty seconds, by second modulo 60.
        var seconds = [Int](repeating: 0, count: 60)
        var current: Int64 = 0
    }
    private let counts = Mutex(Counts())
    private let start = ContinuousClock.now

    package let meters: StageMeters

    package init(_ stage: StageName, _ factory: any MetricsFactory = MetricsSystem.factory) {
        meters = StageMeters(stage, factory)
    }

    package func done(_ rows: Int) {
        let second = elapsed
        counts.withLock { counts in
            Self.clear(&counts, upTo: second)
            counts.seconds[Int(second % 60)] += rows
        }
    }

    package func failed(_ error: any Error) {
        counts.withLock { $0.figures.errors += 1 }
        meters.failed(error)
    }
    package func setInFlight(_ rows: Int) { counts.withLock { $0.figures.inFlight = rows } }

    package var figures: Figures {
        let second = elapsed
        return counts.withLock { counts in
            Self.clear(&counts, upTo: second)
            counts.figures.doneLastMinute = counts.seconds.reduce(0, +)
            return counts.figures
        }
    }

    private var elapsed: Int64 { start.duration(to: .now).components.seconds }

    private static func clear(_ counts: inout Counts, upTo second: Int64) {
        guard second > counts.current else { return }
        for passed in (counts.current + 1)...second where passed > second - 60 {
            counts.seconds[Int(passed % 60)] = 0
        }
        counts.current = second
    }
}
