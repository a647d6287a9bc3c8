import UnixSignals

/// Runs the body; SIGINT and SIGTERM cancel it, so that no worker and no database stays behind.
func cancelledBySignals<T: Sendable>(_ body: @escaping @Sendable () async throws -> T) async throws -> T {
    let signals = await UnixSignalsSequence(trapping: .sigint, .sigterm)
    let work = Task { try await body() }
    let watch = Task {
        for await _ in signals { work.cancel() }
    }
    defer { watch.cancel() }
    return try await work.value
}
