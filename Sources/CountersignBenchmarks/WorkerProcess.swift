import Foundation
import Postgres

/// A running `countersign work`, as an operator starts it.
struct WorkerProcess: Sendable {
    static let allButCallbacks = "enroll,issue,validate,expire,housekeep"

    private let process: ChildProcess

    var processID: Int32 { process.processID }

    /// Returns when the worker has entered itself in the registry.
    static func start(
        _ program: URL, stages: String, _ more: [String] = [], onOneCore: Bool = false,
        _ database: BenchDatabase, _ installation: Installation
    ) async throws -> WorkerProcess {
        let arguments = ["work", "--stages", stages, "--batch-size", String(Scale.batchSize)] + more
        let environment = [
            "DATABASE_URL": database.url(installation.worker),
            "COUNTERSIGN_MASTER_KEY": installation.masterKey,
        ]
        let process =
            onOneCore
            ? try ChildProcess(
                URL(filePath: "/usr/bin/taskset"), ["--cpu-list", "0", program.path] + arguments,
                environment: environment)
            : try ChildProcess(program, arguments, environment: environment)
        let worker = WorkerProcess(process: process)
        do {
            try await worker.waitForRegistration(database)
        } catch {
            await worker.stop()
            throw error
        }
        return worker
    }

    /// Lets it finish its batch and end, for which it has ten seconds.
    func stop() async {
        await process.stop(within: .seconds(15))
    }

    private func waitForRegistration(_ database: BenchDatabase) async throws {
        var connection = try await database.connectAsOwner()
        let deadline = ContinuousClock.now + .seconds(20)
        while try await connection.run(FindWorker(processID: process.processID)).count == 0 {
            try check()
            guard ContinuousClock.now < deadline else {
                throw BenchError("the worker does not register: \(words)")
            }
            try await Task.sleep(for: .milliseconds(20))
        }
        // Its stages have looked once and sit at their bells.
        try await Task.sleep(for: .milliseconds(200))
    }

    /// Throws its last words when it has ended or complained.
    func check() throws {
        guard process.isRunning else { throw BenchError("the worker has ended: \(words)") }
        if words.contains(" error ") { throw BenchError("the worker complains: \(words)") }
    }

    private var words: String { process.output.split(separator: "\n").suffix(5).joined(separator: " | ") }
}

extension WorkerProcess {
    /// Its resident memory in MiB: now, and the greatest so far.
    func memory() throws -> (now: Double, greatest: Double) {
        let status = try String(contentsOfFile: "/proc/\(process.processID)/status", encoding: .utf8)
        return (try field("VmRSS", in: status), try field("VmHWM", in: status))
    }

    private func field(_ name: String, in status: String) throws -> Double {
        let line = status.split(separator: "\n").first { $0.hasPrefix("\(name):") }
        guard let kibibytes = line?.split(whereSeparator: \.isWhitespace)[1], let value = Double(kibibytes)
        else {
            throw BenchError("/proc has no \(name) of the worker")
        }
        return value / 1_024
    }
}

/// A row when it has registered.
struct FindWorker: PreparedStatement {
    let processID: Int32

    static let statement = Statement(
        "registered", "SELECT FROM countersign.workers WHERE process_id = $1")
    var parameters: [Parameter] { [.int32(processID)] }
}
