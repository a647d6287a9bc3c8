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

    /// Makes a request due now, as if its time had passed.
    package func makeDue(_ transaction: Identifier) async throws {
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
    package func wait(until sql: String, is wanted: Int, timeout: Duration = .seconds(60)) async throws {
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
}

package struct WaitedInVain: Error {
    package let query: String
    package let last: Int
}
