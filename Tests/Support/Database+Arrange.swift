import Countersign
package import Postgres

extension Database {
    /// Runs a script as the owner, to bring about what the product would take long for.
    package func arrange(_ sql: String) async throws {
        var owner = try await connect()
        try await owner.execute(sql)
    }

    package func arrangeAsSuperuser(_ sql: String) async throws {
        var superuser = try await connectAsSuperuser()
        try await superuser.execute(sql)
    }

    /// Makes a request due now, as if its time had passed. `transaction` is its id, also as text.
    package func makeDue(_ transaction: some CustomStringConvertible & Sendable) async throws {
        try await arrange(
            """
            UPDATE countersign.auth_requests SET expires_at = clock_timestamp(), open_until = clock_timestamp()
            WHERE transaction_id = '\(transaction)' AND open_until IS NOT NULL
            """)
    }

    /// The one number that an SQL query returns.
    package func count(_ sql: String) async throws -> Int {
        var superuser = try await connectAsSuperuser()
        return try await superuser.run(Statement("count", sql))[0].int(0)
    }

    /// Waits until a query returns that number.
    package func wait(until sql: String, is wanted: Int, timeout: Duration = patience) async throws {
        var superuser = try await connectAsSuperuser()
        let statement = Statement("wait", sql)
        let deadline = ContinuousClock.now + timeout
        var last = -1
        while ContinuousClock.now < deadline {
            last = try await superuser.run(statement)[0].int(0)
            if last == wanted { return }
            try await superuser.execute("SELECT pg_sleep(0.01)")
        }
        throw WaitedInVain(query: sql, last: last)
    }

    /// Waits until a session of this database waits for a lock, or until none does; of all sessions, or of those with
    /// that `application_name`.
    package func waitForBlockedSession(_ isWanted: Bool = true, of application: String? = nil) async throws {
        let condition = application.map { " AND application_name = '\($0)'" } ?? ""
        let sql = """
            SELECT least(1, count(*)) FROM pg_stat_activity
            WHERE datname = current_database() AND wait_event_type = 'Lock'\(condition)
            """
        try await wait(until: sql, is: isWanted ? 1 : 0)
    }

    /// A session that hears every channel that there is, from now on.
    package func eavesdropper() async throws -> Connection {
        var superuser = try await connectAsSuperuser()
        let sql = "SELECT channel FROM countersign.portals UNION ALL SELECT channel FROM countersign.apps"
        let channels = try await superuser.execute(sql).map { try $0.text(0) }
        try await superuser.listen(to: channels + StageName.allCases.map(\.channel))
        return superuser
    }
}

package struct WaitedInVain: Error {
    package let query: String
    package let last: Int
}
