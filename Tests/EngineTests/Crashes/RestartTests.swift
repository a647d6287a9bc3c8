import Countersign
import Foundation
import Postgres
import Support
import Testing

/// A server of the test's own that is restarted under a running worker.
@Suite(.logs) struct RestartTests {
    @Test(arguments: ["fast", "immediate"]) func `the worker goes on after a restart`(mode: String)
        async throws
    {
        let server = try await ScratchServer.start()
        do {
            try await restart(server, mode)
        } catch {
            try? await server.stop()
            throw error
        }
        try await server.stop()
    }

    private func restart(_ server: ScratchServer, _ mode: String) async throws {
        try await server.migrate()
        let rows = 10_000
        var owner = try await Connection.open(server.options)
        try await owner.execute(
            """
            INSERT INTO countersign.portals (login, name, display_name, signing_secret) VALUES ('x', 'acme', 'Acme', '');
            INSERT INTO countersign.auth_types (name) VALUES ('qr-code');
            INSERT INTO countersign.callback_urls (portal_id, url) VALUES (1, 'https://acme.example/cb');
            """)
        let load = """
            INSERT INTO countersign.auth_requests (portal_id, auth_type, callback_uri, message)
            SELECT 1, 'qr-code', 'https://acme.example/cb', 'Sign in' FROM generate_series(1, \(rows))
            """
        try await owner.execute(load)
        try await withWorker(batchSize: 20, options: server.options) { _ in
            try await eventually("it works") { try await left(&owner) < rows }
            try await server.restart(mode)
            var again = try await Connection.open(server.options)
            try await eventually("it goes on and finishes", timeout: .seconds(30)) {
                try await left(&again) == 0
            }
            try await again.execute(load)
            try await eventually("and is still there", timeout: .seconds(30)) { try await left(&again) == 0 }
        }
        var check = try await Connection.open(server.options)
        let secrets =
            "SELECT count(*) FROM countersign.otp_secrets JOIN countersign.auth_requests USING (transaction_id) "
        #expect(
            try await check.execute(secrets + "WHERE secret_digest = sha256(secret)")[0].int(0) == 2 * rows)
    }

    private func left(_ connection: inout Connection) async throws -> Int {
        try await connection.execute(
            "SELECT count(*) FROM countersign.auth_requests WHERE status = 'requested'")[0].int(0)
    }
}

/// A PostgreSQL in a folder of its own, reached by its socket only. Its server runs as the system's user
/// postgres when the test is root's.
private struct ScratchServer {
    let folder: URL
    let options: ConnectionOptions

    static func start() async throws -> ScratchServer {
        let folder = URL(filePath: "/var/tmp/cs-\(UUID().uuidString.prefix(8))")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: false)
        if geteuid() == 0 { try await run("/usr/bin/chown", "postgres", folder.path) }
        let server = ScratchServer(
            folder: folder,
            options: ConnectionOptions(url: "host=\(folder.path) user=postgres", environment: [:]))
        try await asPostgres(
            try await binary("initdb"), "-D", server.data, "-U", "postgres", "-A", "trust", "-N")
        try await server.control("start", "-o", "-k \(folder.path) -c listen_addresses=''")
        return server
    }

    func migrate() async throws {
        var connection = try await Connection.open(options)
        try await Program.migrator().up(&connection)
    }

    func restart(_ mode: String) async throws { try await control("restart", "-m", mode) }

    func stop() async throws {
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
