import Postgres
import Testing

struct BackoffTests {
    @Test
    func `doubles up to the cap, shortened at random by at most a half`() {
        var backoff = Backoff(first: .milliseconds(100), cap: .seconds(5))
        for expected in [100, 200, 400, 800, 1_600, 3_200, 5_000, 5_000] {
            let pause = backoff.advance()
            #expect(pause <= .milliseconds(expected) && pause >= .milliseconds(expected) / 2)
        }
        backoff.reset()
        #expect(backoff.advance() <= .milliseconds(100))
    }

    @Test
    func `ends at once with the task`() async {
        let task = Task {
            var backoff = Backoff(first: .seconds(3_600), cap: .seconds(3_600))
            try await backoff.wait()
        }
        task.cancel()
        await #expect(throws: CancellationError.self) { try await task.value }
    }
}
