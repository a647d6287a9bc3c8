import Postgres
import Support

/// Backlogs, loaded as the owner, and what became of them.
extension World {
    /// That many requests, in state `requested`.
    func load(_ count: Int) async throws {
        var owner = try await Database.current.connect()
        try await owner.run(
            Statement(
                "load",
                """
                INSERT INTO countersign.auth_requests (portal_id, auth_type, callback_uri)
                SELECT $1, 'qr-code', 'https://acme.example/cb' FROM generate_series(1, $2::integer)
                """), [.int32(portalID), .int32(Int32(count))])
    }
}

extension Database {
    /// The one number that an SQL query returns.
    func count(_ sql: String) async throws -> Int {
        var superuser = try await connectAsSuperuser()
        return try await superuser.run(Statement("count", sql))[0].int(0)
    }

    /// Waits until a query returns that number.
    func wait(until sql: String, is wanted: Int, timeout: Duration = .seconds(60)) async throws {
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

struct WaitedInVain: Error {
    let query: String
    let last: Int
}
