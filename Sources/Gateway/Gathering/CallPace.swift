import Engine
import Synchronization

/// How many starts and answers come lately, and so whether a statement is to wait for company: nobody knows when the next
/// comes, see `ComingCalls` for those of whom it is known.
///
/// Most of a statement's price is the same for one row and for twenty. Where statements are what a machine does, each waits
/// a little: 32 clients did 720 sign-ins a second of 1,700 us of CPU with it, and 620 of 2,600 us without. Where there is
/// room it only makes callers wait: at 200 sign-ins a second, which are 600 calls, the middle one took 40 ms in place of 28.
/// So statements wait from 1,000 calls a second on. Who is alone waits for nobody, but for some forty milliseconds after
/// many others have gone.
final class CallPace: Sendable {
    /// How long a statement waits.
    static var rest: Duration { .milliseconds(4) }
    /// What "lately" is: a call counts less the longer it is ago, and not at all after a gap like this.
    static var window: Duration { .milliseconds(20) }
    /// So many calls lately are many.
    static var many: Double { 20 }

    private struct State {
        var calls = 0.0
        var lastCall: ContinuousClock.Instant?
    }
    private let state = Mutex(State())
    private let wait: @Sendable (Duration) async -> Void

    /// - Parameter wait: of the test's own.
    init(wait: @escaping @Sendable (Duration) async -> Void = { _ = await Wakeup().wait($0) }) {
        self.wait = wait
    }

    /// Counts a call.
    func note(at now: ContinuousClock.Instant = .now) {
        state.withLock { state in
            let gap = state.lastCall.map { $0.duration(to: now) / Self.window } ?? 1
            state.calls = state.calls * max(0, 1 - gap) + 1
            state.lastCall = now
        }
    }

    /// How long the next statement is to wait for company; zero for not at all.
    var rest: Duration { state.withLock { $0.calls >= Self.many ? Self.rest : .zero } }

    /// Waits so long.
    func waitForCompany() async {
        let rest = rest
        if rest > .zero { await wait(rest) }
    }
}
