import Synchronization
package import Testing

/// How long a test waits for what should come at once: longer than any machine is busy, for only a test that fails
/// waits so long.
package let patience = Duration.seconds(300)

/// Something that happens once or often, and can be waited for. What tests use instead of sleeping.
package final class Signal: Sendable {
    private let state = Mutex(Waiters())

    package init() {}

    /// How often it has happened.
    package var count: Int { state.withLock(\.count) }

    package func fire() {
        let reached = state.withLock { state in
            state.count += 1
            let count = state.count
            return state.takeWaiters { $0.target <= count }
        }
        for waiter in reached { waiter.continuation.resume(returning: true) }
    }

    /// Returns once it has happened `target` times, which may be at once. Throws when that takes longer than
    /// `timeout`, or when the task is cancelled.
    package func wait(
        for target: Int = 1, timeout: Duration = patience,
        sourceLocation: SourceLocation = #_sourceLocation
    ) async throws {
        let ticket = state.withLock { $0.makeTicket() }
        let timer = Task {
            try await Task.sleep(for: timeout)
            self.giveUp(ticket)
        }
        defer { timer.cancel() }
        let isReached = await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let isReached = state.withLock {
                    $0.admit(Waiter(ticket: ticket, target: target, continuation: continuation))
                }
                if let isReached { continuation.resume(returning: isReached) }
            }
        } onCancel: {
            giveUp(ticket)
        }
        guard isReached else {
            throw SignalTimeout(count: count, target: target, sourceLocation: sourceLocation)
        }
    }

    private func giveUp(_ ticket: Int) {
        let waiters = state.withLock { state in
            state.givenUp.insert(ticket)
            return state.takeWaiters { $0.ticket == ticket }
        }
        for waiter in waiters { waiter.continuation.resume(returning: false) }
    }
}

/// A signal that did not come in time.
package struct SignalTimeout: Error, CustomStringConvertible {
    let count: Int
    let target: Int
    let sourceLocation: SourceLocation

    package var description: String {
        "\(sourceLocation): signalled \(count) times while waiting for \(target)"
    }
}

private struct Waiter: Sendable {
    let ticket: Int
    let target: Int
    let continuation: CheckedContinuation<Bool, Never>
}

private struct Waiters: Sendable {
    var count = 0
    /// Also of those that gave up before they had begun to wait.
    var givenUp: Set<Int> = []
    private var waiters: [Waiter] = []
    private var nextTicket = 0

    mutating func makeTicket() -> Int {
        nextTicket += 1
        return nextTicket
    }

    /// Nil when it has to wait, otherwise whether the target is reached.
    mutating func admit(_ waiter: Waiter) -> Bool? {
        if count >= waiter.target { return true }
        if givenUp.contains(waiter.ticket) { return false }
        waiters.append(waiter)
        return nil
    }

    mutating func takeWaiters(where isWanted: (Waiter) -> Bool) -> [Waiter] {
        let taken = waiters.filter(isWanted)
        waiters.removeAll(where: isWanted)
        return taken
    }
}

/// Looks again every 10 ms until the condition holds. For what gives no signal, such as a session of the
/// server that has come to wait for a lock.
package func eventually(
    _ what: Comment, timeout: Duration = patience, sourceLocation: SourceLocation = #_sourceLocation,
    _ condition: () async throws -> Bool
) async throws {
    let deadline = ContinuousClock.now + timeout
    while try await !condition() {
        try #require(ContinuousClock.now < deadline, what, sourceLocation: sourceLocation)
        try await Task.sleep(for: .milliseconds(10))
    }
}
