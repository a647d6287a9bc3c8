import Postgres
import Support
import Synchronization
import Testing

@testable import Gateway

/// Requests that wait for rows.
@Suite(.emptyDatabase) struct RowNotificationTests {
    private func withNotifications(
        _ body: @escaping @Sendable (RowNotifications) async throws -> Void
    ) async throws {
        let notifications = RowNotifications(Notifier(Database.current.ownerOptions))
        try await withThrowingTaskGroup { group in
            group.addTask(name: "notifications") { await notifications.run() }
            group.addTask(name: "body") { try await body(notifications) }
            try await group.next()
            group.cancelAll()
        }
    }

    private func tell(_ told: [(channel: String, id: Identifier)]) async throws {
        var connection = try await Database.current.connect()
        try await connection.execute(
            "SELECT " + told.map { "pg_notify('\($0.channel)', 'issued \($0.id)')" }.joined(separator: ", "))
    }

    /// As of twenty portals, each with a channel of its own, for which a worker has issued codes in one batch.
    @Test func `whom one commit wakes asks in one statement`() async throws {
        let together = Mutex<[Set<Identifier>]>([])
        let coming = ComingCalls(limit: .seconds(3_600))
        let gathering = Gathering<Identifier, Bool>(
            most: 100, atOnce: 3, coming: coming,
            together: { ids in
                together.withLock { $0.append(Set(ids)) }
                return ids.map { _ in true }
            })
        let told = (0..<20).map { (channel: "portal_\($0)", id: Identifier.random()) }
        try await withNotifications { notifications in
            // Whoever waits is woken when his channel is listened to, too.
            for (channel, id) in told {
                #expect(await notifications.wait(for: id, on: channel).wait(.seconds(60)))
            }
            let waits = told.map { notifications.wait(for: $0.id, on: $0.channel, asking: coming) }
            try await withThrowingTaskGroup(of: Void.self) { group in
                for (wait, (channel, id)) in zip(waits, told) {
                    group.addTask {
                        #expect(await wait.wait(.seconds(60)))
                        let isFound = try await gathering.ask(id, lane: channel)
                        #expect(isFound)
                    }
                }
                group.addTask { try await tell(told) }
                try await group.waitForAll()
            }
            #expect(together.withLock(\.self) == [Set(told.map(\.id))])
        }
    }
}
