import Countersign
@testable import Engine
import Support
import Testing

@Suite struct WakeupTests {
    /// A sleep so short that its time is often over before the sleeper has lain down: it would never wake.
    @Test func `the shortest sleeps end`() async {
        await withDiscardingTaskGroup { group in
            for _ in 0..<8 {
                group.addTask {
                    let wakeup = Wakeup()
                    for _ in 0..<5_000 { _ = await wakeup.wait(.nanoseconds(1)) }
                }
            }
        }
    }

    @Test func `a ring before the sleep is remembered`() async {
        let wakeup = Wakeup()
        wakeup.ring()
        #expect(await wakeup.wait(.seconds(60)) == .rung)
        #expect(await wakeup.wait(.milliseconds(1)) == .due)
    }

    @Test func `each sleep has its own time, and none ends early`() async {
        let timer = SleepTimer()
        await withDiscardingTaskGroup { group in
            for _ in 0..<500 {
                group.addTask {
                    let wakeup = Wakeup(timer: timer)
                    for _ in 0..<4 {
                        let duration = Duration.microseconds(Int.random(in: 1...50_000))
                        let start = ContinuousClock.now
                        #expect(await wakeup.wait(duration) == .due)
                        #expect(start.duration(to: .now) >= duration)
                    }
                }
            }
        }
        #expect(timer.count == 0)
    }

    @Test func `an end before all others is kept`() async {
        let timer = SleepTimer()
        let far = Wakeup(timer: timer)
        async let sleeping = far.wait(.seconds(600))
        while timer.count == 0 { await Task.yield() }
        #expect(await Wakeup(timer: timer).wait(.milliseconds(1)) == .due)
        far.ring()
        #expect(await sleeping == .rung)
    }

    /// A sleep of a minute that was rung after a millisecond must not cost memory for a minute.
    @Test func `sleeps that have ended are forgotten`() async {
        let timer = SleepTimer()
        let (rung, sleeping) = (Wakeup(timer: timer), Wakeup(timer: timer))
        async let sleep = sleeping.wait(.milliseconds(500))
        while timer.count == 0 { await Task.yield() }
        // A wakeup that nobody sleeps on: all its sleeps have ended.
        for number in 1...10_000 { timer.end(number, of: rung, at: .now + .seconds(600)) }
        #expect(timer.count <= 256)
        #expect(await sleep == .due)
    }
}
