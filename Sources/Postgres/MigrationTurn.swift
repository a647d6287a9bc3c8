import Synchronization

/// The session that keeps other migrators away, and one that looks at who stands in this one's way.
///
/// Two, because the first stays in its transaction: CREATE INDEX CONCURRENTLY waits for the end of every transaction that
/// has a query running at some moment, and so waited for ever for the one that watched it. One task at a time has the
/// observer: it is taken out, and put back.
final class MigrationTurn: Sendable {
    private let thread: ConnectionThread
    private let holder: Mutex<Connection?>
    private let session: Mutex<Connection?>

    init(_ holder: consuming Connection, observer: consuming Connection) {
        thread = holder.thread
        self.holder = Mutex(consume holder)
        session = Mutex(consume observer)
    }

    /// Whether other migrators are still kept away, as far as is known without asking.
    var isHeld: Bool { thread.read { !$0.isLost } ?? false }

    /// Looks again and again at who keeps that session waiting, until it is cancelled; returns whom it saw last. Soon at
    /// first, as tries are short, and each second at last.
    func watch(_ processID: Int32) -> Task<[MigrationBlocker], Never> {
        Task {
            guard var connection = session.withLock({ $0.take() }) else { return [] }
            let seen = await self.look(at: processID, &connection)
            self.put(connection)
            return seen
        }
    }

    private func look(at processID: Int32, _ connection: inout Connection) async -> [MigrationBlocker] {
        var seen: [MigrationBlocker] = []
        var pause = Duration.milliseconds(15)
        while (try? await Task.sleep(for: pause)) != nil {
            let found = (try? await MigrationBlocker.find(processID, &connection)) ?? []
            if !found.isEmpty { seen = found }
            pause = min(pause * 1.5, .seconds(1))
        }
        return seen
    }

    private func put(_ connection: consuming Connection) {
        var returned: Connection? = consume connection
        session.withLock { $0 = returned.take() }
    }

    /// Lets the next migrator begin. Where this fails the session is gone, and what it held with it.
    func end() async {
        guard var connection = holder.withLock({ $0.take() }) else { return }
        _ = try? await connection.execute("ROLLBACK")
    }
}
