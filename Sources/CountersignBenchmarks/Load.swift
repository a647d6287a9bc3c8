/// One client of a load: a program that does one thing again and again.
protocol LoadClient: ~Copyable, Sendable {
    mutating func perform() async throws
}

/// What a load of clients did.
struct LoadResult: Sendable {
    var count = 0
    var latencies = Latencies()
    var duration = Duration.zero
    /// CPU microseconds a second.
    var cpu = CPUTimes()

    var perSecond: Double { Double(count) / (duration / .seconds(1)) }
    /// CPU microseconds for each.
    var cpuEach: CPUTimes { cpu / max(1, perSecond) }

    mutating func add(_ other: LoadResult) {
        count += other.count
        latencies.add(other.latencies)
        duration = max(duration, other.duration)
        cpu.add(other.cpu)
    }
}

extension [LoadResult] {
    var rates: Spread { Spread(map(\.perSecond)) }
    var cpuEach: CPUTimes { .median(map(\.cpuEach)) }
    var latencies: Latencies { reduce(into: Latencies()) { $0.add($1.latencies) } }
}

/// What each client does before it counts. Sessions of portals are long-lived, and a new one compiles and plans
/// what it calls: in rounds of 2 s that cost a quarter of all sign-ins (346 instead of 452 a second).
let warmUp = 20

/// Runs the clients side by side for that long. They begin together, when all are connected and warm; what is
/// not complete at the end is not counted.
func runLoad<Client: LoadClient & ~Copyable>(
    for duration: Duration, clients: Int = Scale.clients, meter: CPUMeter? = nil,
    connect: @escaping @Sendable (Int) async throws -> Client
) async throws -> LoadResult {
    let line = StartingLine(clients: clients + (meter == nil ? 0 : 1))
    return try await withThrowingTaskGroup(of: LoadResult.self) { group in
        for index in 0..<clients {
            group.addTask { try await runClient(on: line, for: duration) { try await connect(index) } }
        }
        if let meter {
            group.addTask { LoadResult(cpu: try await meter.measure(on: line, for: duration)) }
        }
        return try await group.reduce(into: LoadResult()) { $0.add($1) }
    }
}

private func warm<Client: LoadClient & ~Copyable>(_ connect: () async throws -> Client) async throws -> Client
{
    var client = try await connect()
    for _ in 0..<warmUp { try await client.perform() }
    return client
}

private func runClient<Client: LoadClient & ~Copyable>(
    on line: StartingLine, for duration: Duration, connect: () async throws -> Client
) async throws -> LoadResult {
    var client: Client
    do {
        client = try await warm(connect)
    } catch {
        line.giveUp()
        throw error
    }
    guard let start = await line.ready() else { return LoadResult() }
    var result = LoadResult(duration: duration)
    var now = ContinuousClock.now
    while !Task.isCancelled {
        try await client.perform()
        let end = ContinuousClock.now
        if end > start + duration { break }
        result.count += 1
        result.latencies.record(now.duration(to: end))
        now = end
    }
    return result
}
