import Foundation
import Glibc
import Support
import Testing

/// A program that runs while the test goes on: the built executable, `countersign`, unless another is named.
final class RunningProgram: Sendable {
    /// Beside the test bundle, as SwiftPM builds both.
    static let executable = URL(filePath: "/proc/self/exe").resolvingSymlinksInPath()
        .deletingLastPathComponent().appending(path: "countersign").path

    private let process = Process()
    private let ended = Signal()
    private let log = FileManager.default.temporaryDirectory.appending(path: "\(UUID()).log")

    /// Nothing of the test's own environment is handed on but where programs are.
    init(
        _ arguments: [String], of program: String = RunningProgram.executable, environment: [String: String]
    ) throws {
        try Data().write(to: log)
        process.executableURL = URL(filePath: program)
        process.arguments = arguments
        process.environment = environment.merging(["PATH": "/usr/bin:/bin", "LC_ALL": "C.UTF-8"]) {
            given, _ in given
        }
        let output = try FileHandle(forWritingTo: log)
        (process.standardOutput, process.standardError) = (output, output)
        process.terminationHandler = { [ended] _ in ended.fire() }
        try process.runOnFiles()
    }

    deinit {
        if process.isRunning { kill(process.processIdentifier, SIGKILL) }
        try? FileManager.default.removeItem(at: log)
    }

    var output: String { (try? String(contentsOf: log, encoding: .utf8)) ?? "" }

    /// The port that it says it serves.
    func port() async throws -> Int {
        var port: Int?
        try await eventually("it serves: \(output)", timeout: .seconds(60)) {
            port = output.firstMatch(of: /address=https?:\/\/[^ ]*:(\d+)/).flatMap { Int($0.1) }
            return port != nil || !process.isRunning
        }
        return try #require(port, "\(output)")
    }

    /// The first line that begins so; waits for it.
    func line(startingWith start: String) async throws -> String {
        var line: String?
        try await eventually("it says: \(start)", timeout: .seconds(60)) {
            line = output.split(separator: "\n").first { $0.hasPrefix(start) }.map(String.init)
            return line != nil || !process.isRunning
        }
        return line ?? output
    }

    /// SIGTERM, and the status with which it ends.
    func stop() async throws -> Int32 {
        if process.isRunning { process.terminate() }
        return try await status()
    }

    func status() async throws -> Int32 {
        try await ended.wait(timeout: .seconds(60))
        return process.terminationStatus
    }
}
