import Countersign
import Engine
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
}
