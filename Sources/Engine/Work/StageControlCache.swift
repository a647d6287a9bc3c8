package import Countersign
import Synchronization

/// What operators have told every worker about its stages, as this process last read it: at most a second ago.
package final class StageControlCache: Sendable {
    private struct State {
        var controls: [StageName: StageControl] = [:]
        var isHeld = false
        var wakeups: [Wakeup] = []
    }
    private let state = Mutex(State())

    package init() {}

    package func isPaused(_ stage: StageName) -> Bool {
        state.withLock { ($0.isHeld && stage != .housekeep) || $0.controls[stage]?.isPaused ?? false }
    }

    /// nil: what the worker was started with.
    package func batchSize(_ stage: StageName) -> Int? { state.withLock { $0.controls[stage]?.batchSize } }

    var paused: [StageName] {
        state.withLock { $0.controls.filter(\.value.isPaused).keys.sorted { $0.rawValue < $1.rawValue } }
    }

    /// Wakes that sleeper whenever something has changed.
    package func wake(_ wakeup: Wakeup) { state.withLock { $0.wakeups.append(wakeup) } }

    /// Holds all stages but `housekeep`, or lets them go on. Returns whether that is new.
    func hold(_ isHeld: Bool) -> Bool {
        let sleepers: [Wakeup]? = state.withLock { state in
            guard state.isHeld != isHeld else { return nil }
            state.isHeld = isHeld
            return state.wakeups
        }
        for sleeper in sleepers ?? [] { sleeper.ring() }
        return sleepers != nil
    }

    /// Returns whether that is new. Stages that only a newer program knows are passed over.
    @discardableResult
    package func replace(_ controls: [StageControl]) -> Bool {
        var told: [StageName: StageControl] = [:]
        for control in controls where control.isPaused || control.batchSize != nil {
            if let stage = StageName(rawValue: control.stage) { told[stage] = control }
        }
        let sleepers: [Wakeup]? = state.withLock { state in
            guard state.controls != told else { return nil }
            state.controls = told
            return state.wakeups
        }
        for sleeper in sleepers ?? [] { sleeper.ring() }
        return sleepers != nil
    }
}
