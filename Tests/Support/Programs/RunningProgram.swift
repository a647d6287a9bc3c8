package import Foundation
import Glibc
import Synchronization
import Testing

/// A program that runs while the test goes on: the built executable, `countersign`, unless another is named. It is
/// killed when nobody refers to it any more.
package final class RunningProgram: Sendable {
    /// Beside the test bundle, as SwiftPM builds both.
    package static let executable = URL(filePath: "/proc/self/exe").resolvingSymlinksInPath()
        .deletingLastPathComponent().appending(path: "countersign")

    private let process: ChildProcess
    private let ended = Signal()
    private let status = Mutex<Int32?>(nil)
    private let folder: URL

    /// Its outputs go to files, so that no full pipe can stop anybody. Nothing of the test's own environment, such as
    /// PGHOST or a home with a .pgpass, is handed on but where programs are.
    ///
    /// - Parameter output: a file to write to instead of one that becomes `output`.
    package init(
        _ arguments: [String], of program: String = RunningProgram.executable.path,
        environment: [String: String] = [:], input: String = "", output: String? = nil
    ) throws {
        let folder = FileManager.default.temporaryDirectory.appending(
            path: "countersign-\(UUID().uuidString)")
        self.folder = folder
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: false)
        func file(_ name: String, _ text: String = "") throws -> String {
            try Data(text.utf8).write(to: folder.appending(path: name))
            return folder.appending(path: name).path
        }
        let least = ["HOME": folder.path, "PATH": "/usr/local/bin:/usr/bin:/bin", "LC_ALL": "C.UTF-8"]
            .merging(threadSanitizer) { $1 }
        let own = try file("output")
        process = try ChildProcess(
            program, arguments, environment: least.merging(environment) { $1 },
            .init(input: try file("input", input), output: output ?? own, errors: try file("errors")))
        let process = process
        Thread.detachNewThread { [weak self] in
            let status = process.waitUntilEnd()
            self?.status.withLock { $0 = status }
            self?.ended.fire()
        }
    }

    deinit {
        if isRunning { send(SIGKILL) }
        try? FileManager.default.removeItem(at: folder)
    }

    /// What it has said until now.
    package var output: String { text("output") }
    /// What it has said until now on standard error.
    package var errors: String { text("errors") }
    /// Both.
    package var text: String { output + errors }

    package var isRunning: Bool { status.withLock { $0 == nil } }

    private func text(_ name: String) -> String {
        (try? String(contentsOf: folder.appending(path: name), encoding: .utf8)) ?? ""
    }

    private func send(_ signal: Int32) { Glibc.kill(process.id, signal) }

    package func kill() { send(SIGKILL) }

    /// Asks it to end.
    package func terminate() { send(SIGTERM) }

    package func interrupt(by signal: Int32 = SIGINT) { send(signal) }

    /// Waits for its end. A process that a signal has ended has that signal's number as its status.
    package func outcome(timeout: Duration = patience) async throws -> Outcome {
        try await ended.wait(timeout: timeout)
        return Outcome(status: status.withLock(\.self) ?? -1, output: output, errors: errors)
    }

    /// Asks it to end if it has not, and waits.
    package func stop() async throws -> Int32 {
        if isRunning { terminate() }
        return try await outcome().status
    }

    /// Throws its last words when it has ended.
    package func expectRunning() throws {
        guard !isRunning else { return }
        try #require(isRunning, "it has ended: \(text)")
    }

    /// The port that it says it serves.
    package func port() async throws -> Int {
        try await line(matching: /address=https?:\/\/[^ ]*:(?<port>\d+)/) { Int($0.port) }
    }

    /// The first line of its output that begins so; waits for it. All that it said when it has ended without.
    package func line(startingWith start: String) async throws -> String {
        var line: String?
        try await eventually("it says: \(start)") {
            line = text.split(separator: "\n").first { $0.hasPrefix(start) }.map(String.init)
            return line != nil || !isRunning
        }
        return line ?? text
    }

    /// What it says, on standard error, in the first line that matches; waits for it.
    package func line<Words>(matching pattern: Regex<Words>) async throws -> Words {
        try await line(matching: pattern) { $0 }
    }

    private func line<Words, Found>(
        matching pattern: Regex<Words>, _ read: (Words) -> Found?
    ) async throws -> Found {
        var found: Found?
        try await eventually("it says so") {
            let wasRunning = isRunning
            for line in errors.split(separator: "\n") where found == nil {
                guard let match = try? pattern.firstMatch(in: line) else { continue }
                found = read(match.output)
            }
            if found == nil, !wasRunning { try expectRunning() }
            return found != nil
        }
        return try #require(found)
    }
}

/// What `scripts/test --sanitize=thread` tells the sanitizer, for the programs that the tests start, too.
private let threadSanitizer = ProcessInfo.processInfo.environment.filter {
    ["TSAN_OPTIONS", "LD_PRELOAD"].contains($0.key)
}
