import Foundation
import Postgres

/// The same number of jobs by PgQueuer, by PGMQ, by our stages and by the floor of a queue in SQL, in turns on one server.
struct PeersFigure: Figure {
    /// A queue from PyPI: what runs it, with how many processes.
    private struct Peer: Sendable {
        let name: String
        let script: String
        let processes: Int
        /// With PgQueuer the best of 10, 100 and 500 on two cores, with PGMQ of 100 and 1,000.
        let batch: Int
    }

    private static let peers = [1, 2].flatMap { processes in
        [
            Peer(name: "PgQueuer", script: "pgqueuer", processes: processes, batch: 500),
            Peer(name: "PGMQ", script: "pgmq", processes: processes, batch: 1_000),
        ]
    }

    func measure(_ bench: Bench) async throws -> [ReportRow] {
        let run = IssueRun(bench: bench, rows: bench.scale.peerJobs)
        var issue: [Double] = []
        var issueOfTwo: [Double] = []
        var validate: [Double] = []
        var floor: [Double] = []
        var others: [[Double]] = Self.peers.map { _ in [] }
        for _ in 0..<bench.scale.peerRounds {
            issue.append(try await run.product())
            issueOfTwo.append(try await run.productOfTwo())
            validate.append(try await ValidateRun(bench: bench, answers: run.rows, devices: 500).product())
            if let rate = try await Floor.rate(run.rows, bench) { floor.append(rate) }
            for (index, peer) in Self.peers.enumerated() {
                others[index].append(try await rate(peer, run.rows, bench))
            }
        }
        return rows(
            [Spread(issue), Spread(issueOfTwo)], Spread(validate), Spread(floor), others.map(Spread.init),
            run.rows)
    }

    /// `issue` by one worker, and by two.
    private func rows(
        _ issue: [Spread], _ validate: Spread, _ floor: Spread, _ others: [Spread], _ jobs: Int
    ) -> [ReportRow] {
        func row(
            _ title: String, workers: Int = 1, _ reference: Spread, _ target: ReportRow.Target = .none
        ) -> ReportRow {
            ReportRow(
                figure: "peers", title: title, unit: .perSecond, ours: issue[workers - 1],
                reference: reference,
                target: target)
        }
        let peers = zip(Self.peers, others).flatMap { peer, rate in
            (1...peer.processes).map { workers in
                row(
                    "issue by \(count(workers)), \(jobs) jobs; \(peer.name) by \(count(peer.processes)), batches of "
                        + "\(peer.batch)", workers: workers, rate,
                    peer.script == "pgqueuer" && peer.processes == 2 ? .atLeast(4) : .none)
            }
        }
        return peers + [
            row("issue by 1 process; validate, signed answers by 500 devices", validate),
            row(
                "issue by 1 process; pgbench: claim, update, outbox row, \(Floor.batch) in a statement", floor
            ),
        ]
    }

    private func count(_ processes: Int) -> String { processes == 1 ? "1 process" : "\(processes) processes" }

    /// Jobs a second, in a database of its own.
    private func rate(_ peer: Peer, _ jobs: Int, _ bench: Bench) async throws -> Double {
        guard let tools = bench.peers else { throw BenchError("scripts/bench --peers installs them") }
        let name = BenchDatabase.newName()
        var superuser = try await bench.database.server.connect()
        try await superuser.execute("CREATE DATABASE \(name) TEMPLATE template0")
        let process = try ChildProcess(
            tools.appending(path: "\(peer.script)/bin/python"),
            [
                bench.scripts.appending(path: "peers/\(peer.script)_jobs.py").path, "\(jobs)",
                "\(peer.processes)", "\(peer.batch)",
            ], environment: ["DATABASE_URL": bench.database.server.superuserURL(database: name)])
        await process.end(within: .seconds(300))
        try await superuser.execute("DROP DATABASE IF EXISTS \(name) WITH (FORCE)")
        let line = process.output.split(separator: "\n").last { $0.hasPrefix("rate=") }
        guard let rate = line.flatMap({ Double($0.dropFirst(5)) }) else {
            throw BenchError("\(peer.name) gave no figure: \(process.output.suffix(300))")
        }
        return rate
    }
}
