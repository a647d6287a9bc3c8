import Foundation
import Glibc
import Support
import Testing

/// The built executable as a process of its own.
final class RunningProgram: Sendable {
    /// Beside the test bundle, as SwiftPM builds both.
    static let executable = URL(filePath: "/proc/self/exe").resolvingSymlinksInPath()
        .deletingLastPathComponent().appending(path: "countersign")

    private let process: Process
    private let ended = Signal()
    private let folder: URL

    /// Output goes to files, so that no full pipe can stop anybody. Runs another program, the first argument, when
    /// it is told that the arguments are none of ours.
    init(
        _ arguments: [String], environment: [String: String], input: String, output: String?,
        isProgram: Bool = true
    ) throws {
        folder = FileManager.default.temporaryDirectory.appending(path: "countersign-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: false)
        try Data(input.utf8).write(to: folder.appending(path: "input"))
        process = Process()
        process.executableURL = isProgram ? Self.executable : URL(filePath: arguments[0])
        process.arguments = isProgram ? arguments : Array(arguments.dropFirst())
        process.environment = environment.merging(["HOME": folder.path, "LC_ALL": "C.UTF-8"]) { given, _ in
            given
        }
        process.standardInput = try FileHandle(forReadingFrom: folder.appending(path: "input"))
        let taken = try Self.file(folder.appending(path: "output"))
        process.standardOutput = try output.map { try FileHandle(forWritingTo: URL(filePath: $0)) } ?? taken
        process.standardError = try Self.file(folder.appending(path: "errors"))
        process.terminationHandler = { [ended] _ in ended.fire() }
        try process.runOnFiles()
    }

    deinit {
        try? FileManager.default.removeItem(at: folder)
    }

    /// Waits for its end. A process that a signal has ended has that signal's number as its status.
    func outcome(timeout: Duration = .seconds(60)) async throws -> Outcome {
        try await ended.wait(timeout: timeout)
        return Outcome(
            status: process.terminationStatus, output: try text("output"), errors: try text("errors"))
    }

    /// Throws its last words when it has ended.
    func expectRunning() throws {
        guard !process.isRunning else { return }
        let words = try text("errors")
        try #require(process.isRunning, "it has ended: \(words)")
    }

    /// What it says, on standard error, in the first line that matches; waits for it.
    func line<Words>(matching pattern: Regex<Words>) async throws -> Words {
        var found: Words?
        try await eventually("it says so") {
            found = try text("errors").split(separator: "\n").lazy.compactMap { line in
                try? pattern.firstMatch(in: line)?.output
            }.first
            if found == nil { try expectRunning() }
            return found != nil
        }
        return try #require(found)
    }

    /// What it has said on standard error until now.
    func errorsSoFar() throws -> String { try text("errors") }

    func kill() {
        Glibc.kill(process.processIdentifier, SIGKILL)
    }

    /// SIGTERM: asks it to end.
    func terminate() {
        Glibc.kill(process.processIdentifier, SIGTERM)
    }

    private func text(_ name: String) throws -> String {
        try String(contentsOf: folder.appending(path: name), encoding: .utf8)
    }

    private static func file(_ url: URL) throws -> FileHandle {
        try Data().write(to: url)
        return try FileHandle(forWritingTo: url)
    }
}
