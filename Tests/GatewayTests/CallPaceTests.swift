import Support
import Testing

@testable import Gateway

/// When statements wait for company.
@Suite struct CallPaceTests {
    private let start = ContinuousClock.now

    /// After so many calls so far apart, the last of which is at `end`.
    private func note(
        _ count: Int, every gap: Duration, _ pace: CallPace, from begin: Duration = .zero
    ) -> Duration {
        for number in 1...count { pace.note(at: start + begin + gap * number) }
        return begin + gap * count
    }

    @Test func `calls that come close together wait, and nobody else does`() {
        let pace = CallPace()
        #expect(pace.rest == .zero)
        // 200 sign-ins a second are 600 calls.
        let end = note(2_000, every: .microseconds(1_667), pace)
        #expect(pace.rest == .zero)
        let close = note(1_000, every: .microseconds(250), pace, from: end)
        #expect(pace.rest == CallPace.rest)
        _ = note(1_000, every: .microseconds(1_667), pace, from: close)
        #expect(pace.rest == .zero)
    }

    @Test func `a few that come at once, as of one page, do not wait`() {
        let pace = CallPace()
        _ = note(16, every: .microseconds(10), pace)
        #expect(pace.rest == .zero)
    }

    /// However far apart his calls are; at 4,000 a second there were 80 lately.
    @Test(arguments: [(2, 19), (3, 11), (5, 6), (19, 1), (20, 1)])
    func `who comes after many others have gone waits for a moment, and then no more`(gap: Int, calls: Int) {
        let pace = CallPace()
        let end = note(1_000, every: .microseconds(250), pace)
        #expect(pace.rest == CallPace.rest)
        _ = note(calls, every: .milliseconds(gap), pace, from: end)
        #expect(pace.rest == .zero)
    }
}
