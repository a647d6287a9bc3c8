import Foundation
import Glibc

/// One run of a program from its start to its end. Foundation's Process would add milliseconds of its own.
struct ProgramRun: Sendable {
    let program: URL
    let arguments: [String]
    /// Of the program; it gets nothing else.
    let environment: [String: String]

    /// How long it takes. Its output is thrown away; it must succeed.
    func measure() async throws -> Duration {
        try await withCheckedThrowingContinuation { continuation in
            // Waiting for it blocks a thread.
            Thread.detachNewThread { continuation.resume(with: Result { try run() }) }
        }
    }

    private func run() throws -> Duration {
        var actions = unsafe posix_spawn_file_actions_t()
        unsafe posix_spawn_file_actions_init(&actions)
        defer { unsafe posix_spawn_file_actions_destroy(&actions) }
        unsafe posix_spawn_file_actions_addopen(&actions, 1, "/dev/null", O_WRONLY, 0)
        let words = unsafe ([program.path] + arguments).map { unsafe strdup($0) }
        let variables = unsafe environment.map { unsafe strdup("\($0)=\($1)") }
        defer { unsafe (words + variables).forEach { unsafe free($0) } }
        var process = pid_t()
        var status: Int32 = 0
        let start = ContinuousClock.now
        guard unsafe posix_spawn(&process, program.path, &actions, nil, words + [nil], variables + [nil]) == 0
        else { throw BenchError("cannot run \(program.path)") }
        while unsafe waitpid(process, &status, 0) < 0 && errno == EINTR {}
        let taken = start.duration(to: .now)
        guard status == 0 else { throw BenchError("\(arguments.joined(separator: " ")) ends with \(status)") }
        return taken
    }
}
