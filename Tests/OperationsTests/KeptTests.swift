import Support
import Synchronization
import Testing

@testable import Operations

/// What many look at is made once.
@Suite struct KeptTests {
    private struct Failure: Error {}

    @Test func `who comes while it is made sees the last one, and who must know has it made anew`()
        async throws
    {
        let kept = Kept<Int>(for: .zero)
        #expect(try await kept.value { 1 } == 1)
        let (begun, ended) = (Signal(), Signal())
        async let slow = kept.value {
            begun.fire()
            try await ended.wait()
            return 2
        }
        try await begun.wait()
        #expect(try await kept.value { 3 } == 1)
        #expect(try await kept.value(isFresh: true) { 4 } == 4)
        ended.fire()
        #expect(try await slow == 2)
    }

    @Test func `it is kept for its time, and a failure is nobody else's`() async throws {
        let kept = Kept<Int>(for: .seconds(3_600))
        await #expect(throws: Failure.self) { try await kept.value { throw Failure() } }
        #expect(try await kept.value { 1 } == 1)
        await #expect(throws: Failure.self) { try await kept.value(isFresh: true) { throw Failure() } }
        #expect(try await kept.value { 2 } == 1)
    }
}
