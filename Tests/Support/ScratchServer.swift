import Countersign
import Foundation
package import Postgres
import Testing

/// A PostgreSQL in a folder of its own, reached by its socket only: for what cannot be done to the server that all tests
/// share. It runs as the system's user postgres when the test is root's.
package struct ScratchServer: Sendable {
    private let folder: URL

    /// A superuser's, for programs such as psql.
    package var conninfo: String { "host=\(folder.path) user=postgres dbname=postgres" }
    package var options: ConnectionOptions { ConnectionOptions(url: conninfo, environment: [:]) }

    /// One with the schema in its database `postgres`, which is gone after the body.
    package static func run(_ body: @Sendable (ScratchServer) async throws -> Void) async throws {
        try await make { server in
            try await asPostgres(binary("initdb"), "-D", server.data, "-U", "postgres", "-A", "trust", "-N")
        } body: { server in
            var connection = try await Connection.open(server.options)
            try await Program.migrator().up(&connection)
            try await body(server)
        }
    }

    /// One that follows this one.
    package func runStandby(_ body: @Sendable (ScratchServer) async throws -> Void) async throws {
        try await Self.make { standby in
            try await Self.asPostgres(
                Self.binary("pg_basebackup"), "-d", conninfo, "-D", standby.data, "-R", "-c", "fast")
        } body: { standby in
            try await body(standby)
        }
    }

    package func restart(_ mode: String) async throws { try await control("restart", "-m", mode) }

    private static func make(
        _ fill: (ScratchServer) async throws -> Void, body: (ScratchServer) async throws -> Void
    ) async throws {
        let server = ScratchServer(folder: URL(filePath: "/var/tmp/cs-\(UUID().uuidString.prefix(8))"))
        try FileManager.default.createDirectory(at: server.folder, withIntermediateDirectories: false)
        if geteuid() == 0 { try await run("/usr/bin/chown", "postgres", server.folder.path) }
        do {
            try await fill(server)
            try await server.control("start", "-o", "-k \(server.folder.path) -c listen_addresses=''")
            try await body(server)
        } catch {
            try? await server.stop()
            throw error
        }
        try await server.stop()
    }

    private func stop() async throws {
        try await control("stop", "-m", "immediate")
        try await Self.asPostgres("/bin/rm", "-rf", folder.path)
    }

    private var data: String { folder.appending(path: "data").path }

    private func control(_ arguments: String...) async throws {
        let log = folder.appending(path: "log").path
        try await Self.asPostgres([try await Self.binary("pg_ctl"), "-D", data, "-w", "-l", log] + arguments)
    }

    private static func binary(_ name: String) async throws -> String {
        try await Checkout.postgres("binaries") + "/\(name)"
    }

    private static func asPostgres(_ words: String...) async throws { try await asPostgres(words) }

    private static func asPostgres(_ words: [String]) async throws {
        let prefix = geteuid() == 0 ? ["/usr/sbin/runuser", "-u", "postgres", "--"] : []
        try await run(prefix + words)
    }

    private static func run(_ words: String...) async throws { try await run(words) }

    private static func run(_ words: [String]) async throws {
        let outcome = try await runProgram("env", ["-C", "/"] + words)
        try #require(outcome.status == 0, "\(words) has failed: \(outcome.text)")
    }
}
