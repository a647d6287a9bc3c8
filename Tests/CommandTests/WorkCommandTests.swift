import Countersign
import Foundation
import Postgres
import Support
import Testing

/// `countersign work` as a process: what it does when it is told to stop, and when it is killed.
@Suite(.database) struct WorkCommandTests {
    private static let rows = 20_000
    private let waiting = Statement(
        "waiting", "SELECT count(*) FROM countersign.auth_requests WHERE status = 'requested'")

    /// A portal with a backlog, and a shell that may work on it.
    private func arrange() async throws -> Shell {
        let key = MasterKeyText.make()
        var owner = Shell.owner()
        owner.environment["COUNTERSIGN_MASTER_KEY"] = key.text
        try await owner.succeed(
            "portal", "add", "acme", "--role", Database.current.unique("acme"), "--no-password")
        try await owner.succeed("type", "add", "qr-code", "--message", "en=Sign in")
        try await owner.succeed("callback", "add", "acme", "https://acme.example/cb")
        var connection = try await Database.current.connect()
        try await connection.execute(
            """
            INSERT INTO countersign.auth_requests (portal_id, auth_type, callback_uri)
            SELECT portal_id, 'qr-code', 'https://acme.example/cb'
            FROM countersign.portals, generate_series(1, \(Self.rows))
            """)
        return try await Shell.member(of: .worker, key: key)
    }

    private func start(_ shell: Shell) throws -> RunningProgram {
        try shell.start(["work", "--stages", "issue,expire,housekeep", "--batch-size", "20"])
    }

    private func expectAllIssuedOnce() async throws {
        var superuser = try await Database.current.connectAsSuperuser()
        let counts = try await superuser.run(
            Statement(
                "counts",
                """
                SELECT (SELECT count(*) FROM countersign.auth_requests WHERE status = 'issued'),
                       (SELECT count(*) FROM countersign.otp_secrets o JOIN countersign.auth_requests r
                            USING (transaction_id) WHERE r.secret_digest = sha256(o.secret)),
                       (SELECT count(*) FROM countersign.issue_queue)
                """))[0]
        #expect(try counts.int(0) == Self.rows && counts.int(1) == Self.rows && counts.int(2) == 0)
    }

    @Test func `without a usable file of places it does not begin`() async throws {
        let shell = try await Shell.member(of: .worker, key: MasterKeyText.make())
        for (file, reason) in [("/nonexistent.mmdb", "Error opening"), ("/etc/passwd", "invalid metadata")] {
            let outcome = try await shell.run("work", "--geoip", file)
            #expect(outcome.status == 78)
            #expect(outcome.errors.contains("\(file) is not a readable MaxMind DB file: "))
            #expect(outcome.errors.contains(reason))
        }
    }

    @Test func `a librnp that cannot be loaded stops those who use it, and nobody else`() async throws {
        let folder = FileManager.default.temporaryDirectory.appending(path: "librnp-\(UUID())")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: false)
        defer { try? FileManager.default.removeItem(at: folder) }
        let library = folder.appending(path: "librnp.so.0")
        try Data().write(to: library)
        let shell = try await Shell.member(of: .worker, key: MasterKeyText.make())
            .with("LD_LIBRARY_PATH", folder.path)
        let outcome = try await shell.run("work")
        #expect(outcome.status == 78)
        let fault = "countersign: librnp cannot be loaded: \(library.path): file too short"
        #expect(outcome.errors.hasPrefix(fault))
        try await Shell.member(of: .monitor).with("LD_LIBRARY_PATH", folder.path).succeed("status")
    }

    @Test func `doctor warns where countries are compared and no worker has a file of places`() async throws {
        let key = MasterKeyText.make()
        try await Database.current.arrange(
            "INSERT INTO countersign.auth_types (name, same_country) VALUES ('abroad', 'tell')")
        let shell = try await Shell.member(of: .worker, key: key)
        let finding = "types compare countries (abroad), and no live worker has a file of places"
        func isFound() async throws -> Bool { try await Shell.owner().run("doctor").output.contains(finding) }
        func live(_ count: Int) async throws {
            try await Database.current.wait(
                until: "SELECT count(*) FROM countersign.worker_stages", is: count)
        }
        let without = try shell.start(["work", "--stages", "validate"])
        try await live(1)
        #expect(try await isFound())
        #expect(try await without.stop() == 0)
        try await PlaceFiles.with { file in
            let with = try shell.start(["work", "--stages", "validate", "--geoip", file.path])
            try await live(1)
            #expect(try await !isFound())
            #expect(try await with.stop() == 0)
        }
    }

    @Test func `killed in the middle of batches, it loses nothing and repeats nothing`() async throws {
        let shell = try await arrange()
        var superuser = try await Database.current.connectAsSuperuser()
        var kills = 0
        var left = Self.rows
        while left > 0, kills < 30 {
            let worker = try start(shell)
            // Killed at some moment while rows go out of the queue.
            let before = left
            try await eventually("it works") {
                left = try await superuser.run(waiting)[0].int(0)
                return left < before
            }
            worker.kill()
            #expect(try await worker.outcome().status == SIGKILL)
            kills += 1
            left = try await superuser.run(waiting)[0].int(0)
        }
        // How many it takes depends on whose turn it is: the first has left rows.
        #expect(kills > 1)
        let last = try start(shell)
        try await eventually("the rest is done") { try await superuser.run(waiting)[0].int(0) == 0 }
        last.kill()
        _ = try await last.outcome()
        try await expectAllIssuedOnce()
    }

    @Test func `told to stop, it finishes its batch and leaves`() async throws {
        let shell = try await arrange()
        var superuser = try await Database.current.connectAsSuperuser()
        let worker = try start(shell)
        try await eventually("it works") { try await superuser.run(waiting)[0].int(0) < Self.rows }
        let told = ContinuousClock.now
        worker.terminate()
        let outcome = try await worker.outcome()
        #expect(outcome.status == 0)
        // Within ten seconds, and twenty for a machine that is busy with other tests.
        #expect(told.duration(to: .now) < .seconds(30))
        #expect(outcome.errors.contains("worker ended"))
        #expect(!outcome.errors.contains(" error "))
        let registered = Statement("registered", "SELECT count(*) FROM countersign.workers")
        #expect(try await superuser.run(registered)[0].int(0) == 0)

        let next = try start(shell)
        try await eventually("another finishes the rest") { try await superuser.run(waiting)[0].int(0) == 0 }
        next.terminate()
        #expect(try await next.outcome().status == 0)
        try await expectAllIssuedOnce()
    }
}
