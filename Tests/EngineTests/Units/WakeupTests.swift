import Countersign
@testable import Engine
import Support
import Testing

@Suite struct WakeupTests {
    /// So many side by side, each with a wakeup of its own.
    private func sleepers(
        _ count: Int, _ timer: SleepTimer, _ body: @escaping @Sendable (Wakeup) async -> Void
    ) async {
        await withDiscardingTaskGroup { group in
            for _ in 0..<count { group.addTask { await body(Wakeup(timer: timer)) } }
        }
    }

    /// A sleep so short that its time is often over before the sleeper has lain down: it would never wake.
    @Test func `the shortest sleeps end`() async {
        await sleepers(8, .shared) { wakeup in
            for _ in 0..<5_000 { _ = await wakeup.wait(.nanoseconds(1)) }
        }
    }

    @Test func `a ring before the sleep is remembered`() async {
        let wakeup = Wakeup()
        wakeup.ring()
        #expect(await wakeup.wait(.seconds(60)) == .rung)
        #expect(await wakeup.wait(.milliseconds(1)) == .due)
    }

    @Test func `each sleep has its own time, and none ends early`() async throws {
        let timer = SleepTimer()
        await sleepers(500, timer) { wakeup in
            for _ in 0..<4 {
                let duration = Duration.microseconds(Int.random(in: 1...50_000))
                let start = ContinuousClock.now
                #expect(await wakeup.wait(duration) == .due)
                #expect(start.duration(to: .now) >= duration)
            }
        }
        #expect(timer.counts.sleeps == 0)
        // One that wakes late may have ended the last sleep for another, which has yet to wake.
        try await eventually("no task is left") { timer.counts.tasks == 0 }
    }

    /// The ends of sleeps that were rung come while others sleep on the same wakeup.
    @Test func `a sleep is not ended by the time of the one before`() async {
        await sleepers(100, SleepTimer()) { wakeup in
            for _ in 0..<5 {
                async let first = wakeup.wait(.milliseconds(Int.random(in: 5...20)))
                wakeup.ring()
                _ = await first
                let start = ContinuousClock.now
                if await wakeup.wait(.milliseconds(40)) == .due {
                    #expect(start.duration(to: .now) >= .milliseconds(40))
                }
            }
        }
    }

    /// A ring and the end come at the same moment: each sleep ends once, and what is rung is not lost.
    @Test func `a ring that meets the end`() async {
        await sleepers(500, SleepTimer()) { wakeup in
            let end = ContinuousClock.now + .milliseconds(20)
            let ringing = Task.detached {
                try? await Task.sleep(until: end, tolerance: .zero, clock: .continuous)
                wakeup.ring()
            }
            let cause = await wakeup.wait(ContinuousClock.now.duration(to: end))
            await ringing.value
            let remembered = await wakeup.wait(.zero)
            #expect([cause, remembered].count { $0 == .rung } == 1)
        }
    }

    @Test func `short sleeps beside a long one need no task each`() async {
        let timer = SleepTimer()
        let (far, near) = (Wakeup(timer: timer), Wakeup(timer: timer))
        async let sleeping = far.wait(.seconds(3_600))
        while timer.counts.sleeps == 0 { await Task.yield() }
        for _ in 0..<50 { #expect(await near.wait(.milliseconds(1)) == .due) }
        #expect(timer.counts.tasks <= 2)
        far.ring()
        #expect(await sleeping == .rung)
    }

    /// A sleep of minutes that was rung after a millisecond must not cost memory for minutes.
    @Test func `sleeps that have ended are forgotten, and no other`() async {
        let timer = SleepTimer()
        let (rung, sleeping) = (Wakeup(timer: timer), Wakeup(timer: timer))
        async let sleep = sleeping.wait(.milliseconds(500))
        for round in 0..<10 {
            // Nobody sleeps on this one: all its sleeps have ended.
            for number in 1...1_000 { timer.end(round * 1_000 + number, of: rung, at: .now + .seconds(30)) }
            #expect(timer.counts.sleeps <= 256)
            await Task.yield()
        }
        #expect(await sleep == .due)
    }
}
