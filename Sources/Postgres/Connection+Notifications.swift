/// LISTEN.
extension Connection {
    /// Begins to listen to some channels and ceases to listen to others, all at once. Names are taken
    /// literally, capitals and all; PostgreSQL cuts them at 63 bytes. After `limit` without an answer the
    /// connection is given up.
    package mutating func listen(
        to channels: some Collection<String>, notTo others: some Collection<String> = [],
        within limit: Duration? = nil
    ) async throws(PostgresError) {
        let begin = channels.map { "LISTEN \(quotedIdentifier($0));" }
        let end = others.map { "UNLISTEN \(quotedIdentifier($0));" }
        try await execute((begin + end).joined(), within: limit)
    }

    /// What has arrived since the last call, also during queries; waits for it when there is nothing. Returns
    /// nothing when the deadline comes, the task is cancelled or the waker is used. Fails when the connection
    /// is lost, at once even if nothing was asked.
    package mutating func notifications(
        until deadline: ContinuousClock.Instant? = nil
    ) async throws(PostgresError) -> [Notification] {
        try await self.thread.notifications(until: deadline)
    }

    /// For other tasks, to end a wait for notifications.
    package var waker: Waker { Waker(thread: self.thread) }

    package struct Waker: Sendable {
        fileprivate let thread: ConnectionThread

        /// Ends the current wait, or else the next one, without waiting itself.
        package func wake() { thread.interrupt() }
    }
}
