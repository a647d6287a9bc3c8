import Synchronization

/// Lets so many through at once; the others wait in order.
final class Gate: Sendable {
    /// 8 databases at once keep 2 cores busy, and leave each test twenty of the 200 connections.
    static let databases = Gate(limit: 8)

    private struct Places: Sendable {
        var free: Int
        var waiting: [CheckedContinuation<Void, Never>] = []
    }

    private let state: Mutex<Places>

    init(limit: Int) {
        state = Mutex(Places(free: limit))
    }

    func pass(_ body: () async throws -> Void) async throws {
        await withCheckedContinuation { continuation in
            let isFree = state.withLock { state in
                guard state.free == 0 else {
                    state.free -= 1
                    return true
                }
                state.waiting.append(continuation)
                return false
            }
            if isFree { continuation.resume() }
        }
        defer { leave() }
        try await body()
    }

    private func leave() {
        let next = state.withLock { state -> CheckedContinuation<Void, Never>? in
            guard state.waiting.isEmpty else { return state.waiting.removeFirst() }
            state.free += 1
            return nil
        }
        next?.resume()
    }
}
