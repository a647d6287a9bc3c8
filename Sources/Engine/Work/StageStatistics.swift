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

    private struct State {
        var figures = Figures()
        /// Rows done in each of the last sixty seconds, by second modulo 60.
        var seconds = [Int](repeating: 0, count: 60)
        var current: Int64 = 0
    }
    private let state = Mutex(State())
    private let start = ContinuousClock.now

    package let meters: StageMeters

    package init(_ stage: StageName, _ factory: any MetricsFactory = MetricsSystem.factory) {
        meters = StageMeters(stage, factory)
    }

    package func done(_ rows: Int) {
        let second = elapsed
        state.withLock { state in
            Self.clear(&state, upTo: second)
            state.seconds[Int(second % 60)] += rows
        }
    }

    package func failed(_ error: any Error) {
        state.withLock { $0.figures.errors += 1 }
        meters.failed(error)
    }
    package func setInFlight(_ rows: Int) { state.withLock { $0.figures.inFlight = rows } }

    package var figures: Figures {
        let second = elapsed
        return state.withLock { state in
            Self.clear(&state, upTo: second)
            state.figures.doneLastMinute = state.seconds.reduce(0, +)
            return state.figures
        }
    }

    private var elapsed: Int64 { start.duration(to: .now).components.seconds }

    private static func clear(_ state: inout State, upTo second: Int64) {
        guard second > state.current else { return }
        for passed in (state.current + 1)...second where passed > second - 60 {
            state.seconds[Int(passed % 60)] = 0
        }
        state.current = second
    }
}
