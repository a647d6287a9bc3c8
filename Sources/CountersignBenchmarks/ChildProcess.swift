import Engine
import Foundation
import Glibc

/// A program that runs beside this one, and what it says.
final class ChildProcess: Sendable {
    private let process: Process
    private let log: URL
    private let ended = Wakeup()

    /// Both of its outputs go to a file of its own.
    init(_ program: URL, _ arguments: [String], environment: [String: String] = [:]) throws {
        log = FileManager.default.temporaryDirectory.appending(path: "countersign-bench-\(UUID()).log")
        try Data().write(to: log)
        let output = try FileHandle(forWritingTo: log)
        process = Process()
        process.executableURL = program
        process.arguments = arguments
        process.environment = environment
        (process.standardOutput, process.standardError) = (output, output)
        process.terminationHandler = { [ended] _ in ended.ring() }
        do {
            try process.run()
        } catch {
            throw BenchError("cannot run \(program.path): \(error)")
        }
    }

    deinit {
        try? FileManager.default.removeItem(at: log)
    }

    var processID: Int32 { process.processIdentifier }
    var isRunning: Bool { process.isRunning }
    var output: String { (try? String(contentsOf: log, encoding: .utf8)) ?? "" }

    /// Waits for its end; kills it when that does not come.
    func end(within limit: Duration) async {
        if await ended.wait(limit) == .due { kill(processID, SIGKILL) }
    }

    /// Asks it to end, as an operator does, and waits.
    func stop(within limit: Duration) async {
        process.terminate()
        await end(within: limit)
    }
}
