import Countersign
import Foundation
import Postgres
import Support
import Testing

/// A name that moves to 127.0.0.1 between two questions, asked from a real name server. The program runs in a network
/// of its own, in which a public address is one of this machine's, and 127.0.0.1:53 is what /etc/resolv.conf names.
/// PostgreSQL is reached by its socket, which is a file.
@Suite(.database) struct RebindingTests {
    private static let name = "rebind.example"
    private static let address = "93.184.216.34"
    private static let port = 8_444

    /// Needs to make namespaces: root, or a kernel that lets users do so.
    private static let network = """
        set -e
        ip link set lo up
        ip address add \(address)/32 dev lo
        printf 'nameserver 127.0.0.1\\noptions attempts:1 timeout:1\\n' >"$1/resolv.conf"
        mount --bind "$1/resolv.conf" /etc/resolv.conf
        mkfifo "$1/stop"
        "$2" "$3" \(name) \(address) \(port) <"$1/stop" >"$1/seen" 2>&1 &
        exec 9>"$1/stop"
        for _ in $(seq 200); do grep -q ready "$1/seen" && break; sleep 0.05; done
        grep -q ready "$1/seen"
        shift 3
        exec "$@"
        """

    @Test func `what is vetted is what is called`() async throws {
        let key = MasterKeyText.make()
        let url = "http://\(Self.name):\(Self.port)/cb"
        let worker = try await arrange(url, key)
        let folder = FileManager.default.temporaryDirectory.appending(path: "rebind-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: false)
        defer { try? FileManager.default.removeItem(at: folder) }
        // The socket's folder may be the server's user's own.
        let unshare = ["/usr/bin/unshare", "--net", "--mount"] + (geteuid() == 0 ? [] : ["--map-root-user"])
        let program = try worker.start(
            unshare + [
                "/bin/bash", "-c", Self.network, "bash", folder.path, Python.executable.path,
                Python.script("rebinding.py"), RunningProgram.executable.path, "work", "--stages", "dispatch",
                "--allow-http", "\(Self.address)/32", "--allow-ports", "\(Self.port)",
            ], isProgram: false)
        let seen = folder.appending(path: "seen")
        do {
            try await eventually("the delivery is dead") {
                try program.expectRunning()
                return try await count("SELECT count(*) FROM countersign.dead_deliveries") == 1
            }
        } catch {
            program.kill()
            Issue.record(
                "\(try await program.outcome().text) \((try? String(contentsOf: seen, encoding: .utf8)) ?? "")"
            )
            throw error
        }
        program.terminate()
        _ = try await program.outcome()
        try await expectOnlyThePublicAddressWasCalled(try String(contentsOf: seen, encoding: .utf8))
    }

    private func expectOnlyThePublicAddressWasCalled(_ seen: String) async throws {
        let lines = seen.split(separator: "\n").map(String.init)
        // The answer is kept for 10 s, in which some attempts were made, each with the name in Host.
        #expect(lines.contains("asked \(Self.address)") && lines.contains("asked 127.0.0.1"), "\(seen)")
        #expect(lines.contains("called \(Self.address) \(Self.name):\(Self.port)"), "\(seen)")
        #expect(!seen.contains("called 127.0.0.1"), "\(seen)")
        var owner = try await Database.current.connect()
        let last = try await owner.execute(
            "SELECT error_class, detail FROM countersign.webhook_attempts ORDER BY attempt DESC LIMIT 1")[0]
        let (failure, detail) = (try last.text(0), try last.text(1))
        #expect(failure == "address" && detail.contains("127.0.0.1"), "\(failure) \(detail)")
    }

    private func count(_ sql: String) async throws -> Int {
        var owner = try await Database.current.connect()
        return try await owner.execute(sql)[0].int(0)
    }

    /// A portal with an ended request to that address, and a worker's shell that goes by the socket.
    private func arrange(_ url: String, _ key: MasterKeyText) async throws -> Shell {
        var admin = Shell.owner()
        admin.environment["COUNTERSIGN_MASTER_KEY"] = key.text
        try await admin.succeed(
            "portal", "add", "acme", "--role", Database.current.unique("acme"), "--no-password")
        try await admin.succeed("type", "add", "qr-code", "--message", "en=Sign in")
        try await admin.succeed("callback", "add", "acme", url)
        var owner = try await Database.current.connect()
        try await owner.execute(
            """
            WITH made AS (
                INSERT INTO countersign.auth_requests (portal_id, auth_type, callback_uri)
                SELECT portal_id, 'qr-code', url FROM countersign.callback_urls RETURNING transaction_id
            )
            SELECT transaction_id FROM made
            """)
        try await owner.execute(
            """
            SELECT countersign.end_requests(array_agg(transaction_id), array_agg('cancelled'::text))
            FROM countersign.auth_requests
            """)
        let login = try await Database.current.makeLogin("worker", in: .worker)
        var superuser = try await Database.current.connectAsSuperuser()
        let sockets = try await superuser.execute("SHOW unix_socket_directories")[0].text(0)
        let socket = sockets.prefix { $0 != "," }
        let port = try await superuser.execute("SHOW port")[0].text(0)
        return Shell(key: key).with("PGHOST", "\(socket)").with("PGPORT", port).with("PGUSER", login.name)
            .with("PGPASSWORD", login.password).with("PGDATABASE", Database.current.name)
            .with("PATH", "/usr/sbin:/usr/bin:/sbin:/bin")
    }
}
