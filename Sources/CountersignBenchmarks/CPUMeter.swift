import Foundation
import Glibc
import Postgres

/// Reads from /proc how much CPU the processes of a load take. The backends are those that pg_stat_activity names when
/// the load begins; of a server on another machine there is nothing to read, and their places stay away.
struct CPUMeter: Sendable {
    let bench: Bench
    let worker: WorkerProcess?
    var gateway: GatewayProcess?

    /// CPU microseconds a second by place, of nine tenths of a load that begins at that line: until the last tenth
    /// all clients are there for certain.
    func measure(on line: StartingLine, for duration: Duration) async throws -> CPUTimes {
        var superuser = try await connect(line)
        guard await line.ready() != nil else { return CPUTimes() }
        let processes = try await backends(&superuser) + programs
        let start = ContinuousClock.now
        let before = processes.map { Self.microseconds(of: $0.id) }
        try await Task.sleep(for: duration * 0.9, tolerance: .zero)
        let after = processes.map { Self.microseconds(of: $0.id) }
        var times = CPUTimes()
        for (index, process) in processes.enumerated() {
            if let first = before[index], let last = after[index] { times.add(last - first, process.place) }
        }
        return times / (start.duration(to: .now) / .seconds(1))
    }

    /// Has asked once, so that the answer at the start comes at once.
    private func connect(_ line: StartingLine) async throws -> Connection {
        do {
            var superuser = try await bench.database.connectAsSuperuser()
            _ = try await backends(&superuser)
            return superuser
        } catch {
            line.giveUp()
            throw error
        }
    }

    private var programs: [(place: CPUPlace, id: Int32)] {
        let all: [(CPUPlace, Int32?)] = [
            (.clients, getpid()), (.worker, worker?.processID), (.gateway, gateway?.processID),
        ]
        return all.compactMap { place, id in id.map { (place, $0) } }
    }

    private func backends(_ connection: inout Connection) async throws -> [(place: CPUPlace, id: Int32)] {
        try await connection.run(ListBackends()).all().compactMap { login, id in
            CPUPlace(login: login).map { ($0, Int32(id)) }
        }
    }

    /// Of all threads that live. Nil when there is no such process here.
    private static func microseconds(of process: Int32) -> Double? {
        let folder = "/proc/\(process)/task"
        guard let threads = try? FileManager.default.contentsOfDirectory(atPath: folder) else { return nil }
        return threads.reduce(0) { sum, thread in
            let text = try? String(contentsOfFile: "\(folder)/\(thread)/schedstat", encoding: .utf8)
            let nanoseconds = text?.split(separator: " ").first.flatMap { Double($0) }
            return sum + (nanoseconds ?? 0) / 1_000
        }
    }
}

/// The sessions of this run's logins: the part of their names that is their own, and their processes.
struct ListBackends: PreparedStatement {
    static let statement = Statement(
        "list backends",
        """
        SELECT substr(usename::text, length(datname) + 2) AS login, pid::bigint AS process
        FROM pg_stat_activity WHERE datname = current_database() AND starts_with(usename::text, datname || '_')
        """)

    static func decode(_ row: inout RowReader) throws -> (login: String, process: Int) {
        (try row.text("login"), try row.int("process"))
    }
}
