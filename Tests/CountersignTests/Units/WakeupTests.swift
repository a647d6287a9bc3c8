import Countersign
import Engine
import Support
import Testing

@Suite struct WakeupTests {
    /// A sleep so short that its time is often over before the sleeper has lain down: it would never wake.
    @Test(.timeLimit(.minutes(20))) func theShortestSleepsEnd() async {
        await withDiscardingTaskGroup { group in
            for _ in 0..<8 {
                group.addTask {
                    let wakeup = Wakeup()
                    for _ in 0..<5_000 { _ = await wakeup.wait(.nanoseconds(1)) }
                }
            }
        }
    }

    @Test func aRingBeforeTheSleepIsRemembered() async {
        let wakeup = Wakeup()
        wakeup.ring()
        #expect(await wakeup.wait(.seconds(60)) == .rung)
        #expect(await wakeup.wait(.milliseconds(1)) == .due)
    }
}
