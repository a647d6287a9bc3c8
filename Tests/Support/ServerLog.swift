import Postgres

/// What the server logs from some time on, of all databases: its standard error, a file.
package struct ServerLog: Sendable {
    private static let path = "/proc/self/fd/2"
    private let start: Int

    /// From now on, with such settings of the test's database, as `log_statement = 'all'`.
    package static func begin(_ settings: [String] = []) async throws -> ServerLog {
        var superuser = try await Database.current.connectAsSuperuser()
        for setting in settings {
            try await superuser.execute("ALTER DATABASE \(Database.current.name) SET \(setting)")
        }
        return ServerLog(
            start: try await superuser.execute("SELECT size FROM pg_stat_file('\(path)')")[0].int(0))
    }

    package func read() async throws -> String {
        var superuser = try await Database.current.connectAsSuperuser()
        let reading = Statement("read", "SELECT pg_read_binary_file('\(Self.path)', $1, 1000000000)")
        return String(
            decoding: try await superuser.run(reading, [.int(Int64(start))])[0].bytes(0), as: UTF8.self)
    }
}
