import Countersign
import Foundation
import NIOHTTP1
import Postgres
import Support
import Synchronization
import Testing

/// Everything that can be done is done with the real programs, and everything that they said and wrote is searched for
/// every secret there was, in every form.
@Suite(.database) struct SecrecyTests {
    @Test func `nothing that runs tells a secret`() async throws {
        let evidence = Evidence()
        let serverLog = try await ServerLog.begin([
            "log_statement = 'all'", "log_error_verbosity = 'verbose'", "log_min_messages = 'debug1'",
            // What our programs send as parameters is a setting's matter, see Deployment.md; literals are ours.
            "log_parameter_max_length = 0",
        ])
        let answers = Mutex(0)
        try await Receiver.run { _, request in
            switch request.path {
            case "/ok": .status(204)
            case "/fail": .status(500, body: "debug: \(request.headers)")
            // Shows what it was sent, at first.
            default:
                answers.withLock {
                    $0 += 1; return $0
                } == 1 ? .status(404, body: "debug: \(request.headers)") : .status(200)
            }
        } _: { receiver in
            let everything = try await Everything.make(evidence, receiver)
            defer { everything.remove() }
            try await everything.configure()
            var ears = try await Database.current.eavesdropper()
            let activity = Activity()
            let watching = Task { try await activity.watch(evidence) }
            let program = try await everything.start()
            let (web, operations) = try await addresses(of: program)
            let transactions = try await everything.signInBySQL()
            try await interruptWorker()
            try await everything.signInByHTTP(web)
            try await everything.deliver()
            try await everything.console(operations)
            try await everything.list(transactions[0])
            try await everything.figures(operations)
            try await everything.failToStart()
            program.terminate()
            let outcome = try await program.outcome()
            #expect(outcome.status == 0)
            try await everything.command("key", "rotate")
            watching.cancel()
            try await watching.value
            try await keepSealedSecrets(everything)
            try expectOneSpelling(outcome.errors)

            evidence.add("log", outcome.text)
            evidence.add("server's log", try await serverLog.read())
            evidence.add("activity", activity.text)
            evidence.add("what a monitor can read", try await everythingShown(everything))
            for heard in try await ears.notifications(until: .now + .seconds(1)) {
                evidence.add("notifications", "\(heard.channel) \(heard.payload)")
            }
            for received in receiver.received {
                let headers = received.headers.filter { $0.name.lowercased() != "authorization" }
                evidence.add("webhooks", "\(headers)\n\(String(decoding: received.body, as: UTF8.self))")
            }
            try await evidence.judge(markers(transactions))
        }
    }

    /// What shows that each source was there, and had something to tell.
    private func markers(_ transactions: [Identifier]) -> [String: [String]] {
        let ids = transactions.map(\.description)
        return [
            "log": ids.prefix(4) + [
                #""event":"request finished""#, #""event":"webhook given up""#, "connection lost",
                #""level":"debug""#,
            ],
            "server's log": [
                Database.current.name, "INSERT INTO countersign.auth_requests",
                "countersign.hand_out_codes($1, $2)", "countersign issue",
            ],
            "activity": ["countersign issue", "countersign gateway", "countersign.find_outcomes"],
            "what a monitor can read": ids + [
                "auth_requests.status=authenticated", "webhook_attempts.status_code=404",
            ],
            "notifications": ids + ["authenticated", "issued", "countersign_"],
            "webhooks": ids + ["v1a,", "traceparent"],
            "commands of an admin": ids.prefix(1) + [
                "request.authenticated", "[redacted]", "walter-of-sql", "whpk_",
            ],
            "commands of a monitor": ids.prefix(1) + ["request.authenticated"],
            "console": ["acme", "notice=", "olga"], "metrics": ["countersign_requests_ended_total", "# EOF"],
            "health": ["ok", "default partitions"], "phones": ["accepted", "denied", "rejected"],
            "errors": [
                "invalid_client", "3004", "invalid_token", "invalid_signature",
                "The name or the password is wrong",
                "countersign: ",
            ],
        ]
    }
}

/// Where the evidence is.
extension SecrecyTests {
    private func addresses(of program: RunningProgram) async throws -> (Browser, Browser) {
        var ports: (Substring, Substring)?
        try await eventually("it listens") {
            try program.expectRunning()
            let log = program.errors
            guard let first = log.firstMatch(of: /"event":"serving","address":"http:\/\/127.0.0.1:(\d+)"/),
                let second = log.firstMatch(of: /"event":"operations listens",.*"port":"(\d+)"/)
            else { return false }
            ports = (first.1, second.1)
            return true
        }
        let (gateway, operations) = try #require(ports)
        return (Browser(base: "http://127.0.0.1:\(gateway)"), Browser(base: "http://127.0.0.1:\(operations)"))
    }

    /// So that it has errors to log.
    private func interruptWorker() async throws {
        var superuser = try await Database.current.connectAsSuperuser()
        try await superuser.execute(
            """
            SELECT pg_terminate_backend(pid) FROM pg_stat_activity
            WHERE datname = current_database() AND application_name LIKE 'countersign %'
            """)
    }

    /// What the database holds sealed, opened.
    private func keepSealedSecrets(_ everything: Everything) async throws {
        let sealer = try everything.key.sealer()
        var superuser = try await Database.current.connectAsSuperuser()
        for column in SealedColumn.all {
            let rows = try await superuser.execute(
                "SELECT \(column.key)::text, encode(\(column.column), 'base64') FROM countersign.\(column.table) WHERE \(column.column) IS NOT NULL"
            )
            for row in rows {
                let sealed = try #require(
                    Data(base64Encoded: try row.text(1), options: .ignoreUnknownCharacters))
                let opened = try sealer.open(Array(sealed), at: column.place(try row.text(0)))
                everything.evidence.mustNotShow(
                    Secret("\(column.table).\(column.column)", bytes: Array(opened.prefix(40))))
            }
        }
        everything.evidence.mustNotShow(Secret("private key", "BEGIN PGP PRIVATE KEY"))
    }

    /// All columns, statistics of the planner, functions and activity that countersign_monitor may look at.
    private func everythingShown(_ everything: Everything) async throws -> String {
        var superuser = try await Database.current.connectAsSuperuser()
        try await superuser.execute("ANALYZE")
        var monitor = try await Connection.open(
            ConnectionOptions(url: everything.monitor.environment["DATABASE_URL"], environment: [:]))
        let columns = try await monitor.execute(
            """
            SELECT c.relname, a.attname FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid
            WHERE c.relnamespace = 'countersign'::regnamespace AND c.relkind IN ('r', 'p', 'v') AND a.attnum > 0
              AND has_column_privilege(c.oid, a.attnum, 'SELECT')
            """
        ).map { (try $0.text(0), try $0.text(1)) }
        var text = ""
        for (table, column) in columns {
            let rows = try await monitor.execute("SELECT \(column)::text FROM countersign.\(table)")
            text += try rows.map { "\(table).\(column)=\(try $0.optionalText(0) ?? "NULL")\n" }.joined()
        }
        for source in [
            "countersign.queue_status()", "pg_stats", "pg_stat_activity", "pg_locks", "pg_stat_replication",
        ] {
            text += try await monitor.execute("SELECT s::text FROM \(source) AS s").map {
                try $0.text(0) + "\n"
            }.joined()
        }
        return text
    }

    /// Whoever greps for a key finds all lines that have it. Operators.md tells what these mean.
    private func expectOneSpelling(_ log: String) throws {
        let documented: Set = [
            "time", "level", "module", "event", "request_id", "trace_id", "span_id", "transaction_id",
            "transaction_ids", "submission_id", "enrollment_id", "enrollment_ids", "portal", "app", "stage",
            "worker",
            "operator", "method", "route", "status", "ms", "client", "error", "refused", "rows", "tries",
            "attempt",
            "outcome",
            "stages", "version", "address", "host", "port", "paused", "action", "partition", "endpoint",
            "severity",
            "sqlstate", "notice", "refused",
        ]
        for line in log.split(separator: "\n") {
            let object = try #require(
                try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: String], "\(line)")
            let unknown = object.keys.filter { !documented.contains($0) && !$0.hasPrefix("sl-") }
            #expect(unknown == [], "\(line)")
        }
    }
}

/// What the sessions of the test's database are doing or did last, looked at each time that something was said.
private final class Activity: Sendable {
    private let seen = Mutex<Set<String>>([])

    var text: String { seen.withLock { $0.sorted().joined(separator: "\n") } }

    func watch(_ evidence: Evidence) async throws {
        var superuser = try await Database.current.connectAsSuperuser()
        let look = Statement(
            "look",
            """
            SELECT concat_ws(' ', application_name, usename, query) FROM pg_stat_activity
            WHERE datname = current_database() AND pid <> pg_backend_pid()
            """)
        while !Task.isCancelled {
            let count = evidence.additions.count
            let lines = try await superuser.run(look).map { try $0.text(0) }
            seen.withLock { $0.formUnion(lines) }
            try? await evidence.additions.wait(for: count + 1)
        }
    }
}
