import Foundation
import Glibc

/// A program that was started with files as its standard streams, and with no other descriptor of this process.
///
/// Foundation's `Process` looks at every descriptor that is open when it starts one, and crashed with 1,350 of them.
struct ChildProcess: Sendable {
    let id: pid_t

    /// Where its standard streams go: paths. Both outputs may go to the same file.
    struct Streams {
        var input = "/dev/null"
        var output = "/dev/null"
        var errors = "/dev/null"
    }

    /// Errors of the start, such as a program that is not there.
    struct StartFailure: Error, CustomStringConvertible {
        let program: String
        let code: Int32

        var description: String { unsafe "cannot start \(program): \(String(cString: strerror(code)))" }
    }

    /// A program without a slash is looked for along this process's PATH.
    init(
        _ program: String, _ arguments: [String], environment: [String: String], _ streams: Streams
    ) throws {
        var actions = unsafe posix_spawn_file_actions_t()
        unsafe posix_spawn_file_actions_init(&actions)
        defer { unsafe posix_spawn_file_actions_destroy(&actions) }
        let writing = O_WRONLY | O_CREAT | O_APPEND
        unsafe posix_spawn_file_actions_addopen(&actions, 0, streams.input, O_RDONLY, 0)
        unsafe posix_spawn_file_actions_addopen(&actions, 1, streams.output, writing, 0o600)
        unsafe posix_spawn_file_actions_addopen(&actions, 2, streams.errors, writing, 0o600)
        for descriptor in Self.openDescriptors() where descriptor > 2 {
            unsafe posix_spawn_file_actions_addclose(&actions, descriptor)
        }
        var attributes = Self.attributes()
        defer { unsafe posix_spawnattr_destroy(&attributes) }
        var words = unsafe ([program] + arguments).map { unsafe strdup($0) } + [nil]
        var variables = unsafe environment.map { unsafe strdup("\($0.key)=\($0.value)") } + [nil]
        defer { unsafe (words + variables).forEach { unsafe free($0) } }
        var id: pid_t = 0
        let code = unsafe posix_spawnp(&id, program, &actions, &attributes, &words, &variables)
        guard code == 0 else { throw StartFailure(program: program, code: code) }
        self.id = id
    }

    /// One that is closed before the child closes it does no harm.
    private static func openDescriptors() -> [Int32] {
        let names = try? FileManager.default.contentsOfDirectory(atPath: "/proc/self/fd")
        return (names ?? []).compactMap { Int32($0) }
    }

    /// A process group of its own, and signals as a shell leaves them: the threads that run tests block them, and
    /// the clients of sockets ignore SIGPIPE, and who runs tests in the background has SIGINT ignored.
    private static func attributes() -> posix_spawnattr_t {
        var attributes = posix_spawnattr_t()
        unsafe posix_spawnattr_init(&attributes)
        var signals = sigset_t()
        unsafe sigemptyset(&signals)
        unsafe posix_spawnattr_setsigmask(&attributes, &signals)
        for signal in [SIGPIPE, SIGINT, SIGHUP] { unsafe sigaddset(&signals, signal) }
        unsafe posix_spawnattr_setsigdefault(&attributes, &signals)
        let flags = POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF
        unsafe posix_spawnattr_setflags(&attributes, Int16(flags))
        return attributes
    }

    /// Blocks this thread until it has ended, and returns its status; if a signal has ended it, that signal's
    /// number. To be called once.
    func waitUntilEnd() -> Int32 {
        var status: Int32 = 0
        while unsafe waitpid(id, &status, 0) < 0 && errno == EINTR {}
        return status & 0x7f == 0 ? (status >> 8) & 0xff : status & 0x7f
    }
}
