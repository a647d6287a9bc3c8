import Countersign
package import Foundation
package import Postgres
import Testing

/// A PostgreSQL of a test's own, reached by its socket only: to be stopped, copied, restored and promoted. It runs as the
/// system's user postgres when the test is root's.
package struct ScratchServer: Sendable {
    /// Data, socket, log and, of the servers that are made from it, their folders.
    package let folder: URL
    /// A superuser's, for programs such as psql.
    package let conninfo: String
    package let options: ConnectionOptions

    private init(_ folder: URL) {
        self.folder = folder
        conninfo = "host=\(folder.path) user=postgres dbname=postgres"
        options = ConnectionOptions(url: conninfo, environment: [:])
    }

    /// A new one, with these settings in its file.
    package static func start(_ settings: [String] = []) async throws -> ScratchServer {
        let folder = URL(filePath: "/var/tmp/cs-\(UUID().uuidString.prefix(8))")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: false)
        if geteuid() == 0 { try await run("/usr/bin/chown", "postgres", folder.path) }
        let server = ScratchServer(folder)
        try await asPostgres(
            try await binary("initdb"), "-D", server.data, "-U", "postgres", "-A", "trust", "-N")
        try await server.configure(settings)
        try await server.start()
        return server
    }

    /// Runs the body beside a new server with the schema in its database `postgres`, and removes everything.
    package static func run<T: Sendable>(
        _ settings: [String] = [], cell: Int = 0, _ body: (ScratchServer) async throws -> T
    ) async throws -> T {
        let server = try await start(settings)
        do {
            try await server.migrate(cell)
            let value = try await body(server)
            try await server.remove()
            return value
        } catch {
            try? await server.remove()
            throw error
        }
    }

    private func migrate(_ cell: Int) async throws {
        var connection = try await Connection.open(options)
        try await connection.execute("SET countersign.new_cell = '\(cell)'")
        try await Program.migrator().up(&connection)
    }

    /// As a login, in another database if one is named.
    package func options(user: String, database: String = "postgres") -> ConnectionOptions {
        ConnectionOptions(url: "host=\(folder.path) user=\(user) dbname=\(database)", environment: [:])
    }

    /// Where either of both is, whichever takes writes.
    package func options(or other: ScratchServer) -> ConnectionOptions {
        ConnectionOptions(url: "host=\(folder.path),\(other.folder.path) user=postgres", environment: [:])
    }

    package func execute(_ sql: String) async throws {
        var connection = try await Connection.open(options)
        try await connection.execute(sql)
    }

    package func number(_ sql: String) async throws -> Int {
        var connection = try await Connection.open(options)
        return try await connection.execute(sql)[0].int(0)
    }

    package func start() async throws {
        try await control("start", "-o", "-k \(folder.path) -c listen_addresses=''")
    }

    package func restart(_ mode: String) async throws { try await control("restart", "-m", mode) }

    /// `fast` shuts down in good order, `immediate` is a crash.
    package func stop(_ mode: String) async throws { try await control("stop", "-m", mode) }

    private var data: String { folder.appending(path: "data").path }

    private func configure(_ settings: [String]) async throws {
        let lines = settings.map { $0 + "\n" }.joined()
        try await Self.asPostgres(
            "sh", "-c", "printf %s \"$1\" >>\"$2\"", "sh", lines, data + "/postgresql.conf")
    }

    private func control(_ arguments: String...) async throws {
        let log = folder.appending(path: "log").path
        try await Self.asPostgres([try await Self.binary("pg_ctl"), "-D", data, "-w", "-l", log] + arguments)
    }

    /// Stops it, and all that were made from it.
    package func remove() async throws {
        let children = try? FileManager.default.contentsOfDirectory(atPath: folder.path)
        let others = (children ?? []).filter { $0.hasPrefix("server-") }
        for server in others.map({ ScratchServer(folder.appending(path: $0)) }) + [self]
        where FileManager.default.fileExists(atPath: server.data + "/postmaster.pid") {
            try await server.stop("immediate")
        }
        try await Self.asPostgres("/bin/rm", "-rf", folder.path)
    }
}

/// Others that are made from it.
extension ScratchServer {
    /// One that follows it by that name.
    package func standby(_ name: String) async throws -> ScratchServer {
        let standby = try await copy(name, "--write-recovery-conf", "--wal-method=stream")
        try await standby.start()
        return standby
    }

    /// One that follows this one while the body runs, and is removed with this one.
    package func runStandby(_ body: (ScratchServer) async throws -> Void) async throws {
        try await body(try await standby("standby"))
    }

    /// No more of the primary's log from now on; what has come is kept.
    package func detach() async throws {
        try await execute("ALTER SYSTEM SET primary_conninfo = ''")
        try await execute("SELECT pg_reload_conf()")
        try await eventually("it no longer follows") {
            try await number("SELECT count(*) FROM pg_stat_wal_receiver") == 0
        }
    }

    package func promote() async throws { try await control("promote") }

    /// A copy of its files as they are now, to be started.
    package func backup(_ name: String) async throws -> ScratchServer {
        try await copy(name, "--wal-method=fetch", "--checkpoint=fast")
    }

    /// Starts a copy with what has been archived since, up to that restore point.
    package func recover(to point: String, archive: String) async throws {
        try await configure([
            "restore_command = 'cp \(archive)/%f %p'", "recovery_target_name = '\(point)'",
            "recovery_target_action = promote", "archive_mode = off",
        ])
        try await Self.asPostgres("touch", data + "/recovery.signal")
        try await start()
        try await eventually("it is up") { try await number("SELECT pg_is_in_recovery()::integer") == 0 }
    }

    /// The files themselves, put aside and put back while the server is stopped: a volume's snapshot.
    package func saveFiles() async throws {
        try await Self.asPostgres("cp", "-a", data, folder.appending(path: "saved").path)
    }

    package func putBackFiles() async throws {
        try await Self.asPostgres("rm", "-rf", data)
        try await Self.asPostgres("mv", folder.appending(path: "saved").path, data)
    }

    /// Dumps this database, and restores it into another of this server.
    package func dump(into other: String, without table: String? = nil) async throws {
        let file = folder.appending(path: "dump").path
        let excluded = table.map { ["--exclude-table-data=\($0)"] } ?? []
        try await Self.asPostgres(
            [try await Self.binary("pg_dump"), "-h", folder.path, "-U", "postgres", "-Fc", "-f", file]
                + excluded + ["postgres"])
        try await execute("CREATE DATABASE \(other) TEMPLATE template0")
        try await Self.asPostgres(
            try await Self.binary("pg_restore"), "-h", folder.path, "-U", "postgres", "--exit-on-error", "-d",
            other, file)
    }

    /// Dumps this database's rows, and restores them into the emptied tables of another server.
    package func restoreData(into other: ScratchServer) async throws {
        try await other.execute(
            """
            DO $$ BEGIN EXECUTE (SELECT 'TRUNCATE ' || string_agg(oid::regclass::text, ', ') FROM pg_class
                WHERE relnamespace = 'countersign'::regnamespace AND relkind IN ('r', 'p') AND NOT relispartition);
            END $$
            """)
        let file = folder.appending(path: "rows").path
        try await Self.asPostgres(
            try await Self.binary("pg_dump"), "-h", folder.path, "-U", "postgres", "-Fc", "-f", file,
            "postgres")
        try await Self.asPostgres(
            try await Self.binary("pg_restore"), "-h", other.folder.path, "-U", "postgres", "--exit-on-error",
            "--data-only", "-d", "postgres", file)
    }

    private func copy(_ name: String, _ arguments: String...) async throws -> ScratchServer {
        let copy = ScratchServer(folder.appending(path: "server-\(name)"))
        try await Self.asPostgres("mkdir", "-m", "700", copy.folder.path)
        let origin = "host=\(folder.path) user=postgres application_name=\(name)"
        try await Self.asPostgres(
            [try await Self.binary("pg_basebackup"), "-d", origin, "-D", copy.data] + arguments)
        return copy
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
