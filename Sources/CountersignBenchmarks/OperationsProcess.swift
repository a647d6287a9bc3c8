import Administration
import AsyncHTTPClient
import Countersign
import Foundation
import NIOCore
import NIOHTTP1
import Postgres

/// A running `countersign serve` with its operations side, as an operator starts it, and somebody signed in to its
/// console.
struct OperationsProcess: Sendable {
    private let process: ChildProcess
    private let base: String
    private let cookie: String

    /// Returns when it listens.
    static func start(_ bench: Bench) async throws -> OperationsProcess {
        let gateway = try await bench.makeLogin("operations", in: "gateway")
        let admin = try await bench.makeLogin("console", in: "admin")
        var owner = try await bench.database.connectAsOwner()
        let name = "bench-\(Identifier.random().description.prefix(8))"
        let password = try await ConsoleAccount.add(name, .viewer, &owner)
        let session = try await ConsoleSession.begin(name, password: password, code: "", &owner)
        let process = try ChildProcess(
            bench.program, ["serve", "--listen", "127.0.0.1:0", "--operations-listen", "127.0.0.1:0"],
            environment: [
                "DATABASE_URL": bench.database.url(gateway),
                "COUNTERSIGN_OPERATIONS_DATABASE_URL": bench.database.url(admin),
            ])
        do {
            let base = "http://127.0.0.1:\(try await port(of: process))"
            return OperationsProcess(process: process, base: base, cookie: "countersign_session=\(session)")
        } catch {
            await process.stop(within: .seconds(5))
            throw error
        }
    }

    func stop() async { await process.stop(within: .seconds(15)) }

    /// How long one answer takes, from the request to the last byte, and whether it holds `word`.
    func ask(_ path: String, accept: String = "*/*", expecting word: String) async throws -> TimedAnswer {
        var request = HTTPClientRequest(url: base + path)
        request.headers = ["accept": accept, "cookie": cookie]
        let start = ContinuousClock.now
        let response = try await HTTPClient.shared.execute(request, timeout: .seconds(60))
        let body = try await response.body.collect(upTo: 4 << 20)
        let taken = start.duration(to: .now)
        guard response.status == .ok else {
            throw BenchError("\(path) answers \(response.status.code): \(String(buffer: body).prefix(200))")
        }
        return TimedAnswer(taken: taken, isWhole: String(buffer: body).contains(word))
    }

    private static func port(of process: ChildProcess) async throws -> Int {
        let deadline = ContinuousClock.now + .seconds(20)
        while process.isRunning, ContinuousClock.now < deadline {
            let line = process.output.split(separator: "\n").first { $0.contains("operations listens") }
            if let match = line?.firstMatch(of: /port=(\d+)/) { return Int(match.1) ?? 0 }
            try await Task.sleep(for: .milliseconds(20))
        }
        throw BenchError("the operations side does not start: \(process.output)")
    }
}

struct TimedAnswer: Sendable {
    let taken: Duration
    /// `/metrics` answers without the database's figures while it has none of them yet.
    var isWhole = true
}

extension Bench {
    /// A login of that group, which the end of the run drops.
    func makeLogin(_ word: String, in group: String) async throws -> BenchLogin {
        let login = BenchLogin(
            name: database.login("\(word)\(Identifier.random().description.prefix(8))"),
            password: Identifier.random().description)
        var superuser = try await database.connectAsSuperuser()
        try await superuser.execute(
            "CREATE ROLE \(login.name) LOGIN PASSWORD '\(login.password)' IN ROLE countersign_\(group)")
        return login
    }
}
