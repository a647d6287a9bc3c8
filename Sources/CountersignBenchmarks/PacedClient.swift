import Synchronization

/// Begins a sign-in every so often, whether the one before was slow or not, and keeps how long each took. While the load
/// warms up it does not wait, and nothing is kept.
struct PacedClient<Client: LoadClient & ~Copyable>: LoadClient, ~Copyable {
    private var client: Client
    private var next: ContinuousClock.Instant?
    private var cold = warmUp
    private let pause: Duration
    private let taken: TakenTimes

    init(_ client: consuming Client, every pause: Duration, _ taken: TakenTimes) {
        self.client = client
        self.pause = pause
        self.taken = taken
    }

    mutating func perform() async throws {
        guard cold == 0 else {
            cold -= 1
            return try await client.perform()
        }
        let start = next ?? .now + pause * Double.random(in: 0...1)
        try await Task.sleep(until: start, tolerance: .zero, clock: .continuous)
        try await client.perform()
        taken.record(start.duration(to: .now))
        next = start + pause
    }
}

/// Durations that several clients record.
final class TakenTimes: Sendable {
    private let latencies = Mutex(Latencies())

    var count: Int { latencies.withLock(\.count) }

    func record(_ duration: Duration) { latencies.withLock { $0.record(duration) } }

    /// What was recorded since the last time.
    func take() -> Latencies {
        latencies.withLock { latencies in
            defer { latencies = Latencies() }
            return latencies
        }
    }
}
