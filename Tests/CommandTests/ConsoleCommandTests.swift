import Foundation
import Postgres
import Support
import Testing

/// The console for the terminal, in a terminal.
@Suite(.database) struct ConsoleCommandTests {
    /// Runs it in a pseudo-terminal of 100 columns and 30 rows, and does one step after the other.
    private func console(_ shell: Shell, _ steps: String...) throws -> RunningProgram {
        try shell.with("TERM", "xterm").start(
            ["python3", "-c", terminal] + steps + ["--", RunningProgram.executable.path, "console"],
            isProgram: false)
    }

    @Test func `q leaves the terminal as it was`() async throws {
        let shell = try await Shell.member(of: .monitor)
        let outcome = try await console(shell, "wait:housekeep", "key:q", "end:").outcome()
        #expect(outcome.output.hasSuffix("status 0, restored\n"), "\(outcome)")
        #expect(outcome.output.contains("\u{1B}[?1049h"))
        #expect(outcome.output.contains("\u{1B}[?25h\u{1B}[?1049l"))
        #expect(outcome.output.contains("WHAT HURTS") && outcome.output.contains("\u{1B}[31;1m"))
    }

    @Test func `so do Ctrl-C and SIGTERM`() async throws {
        let shell = try await Shell.member(of: .monitor)
        for (step, status) in [("key:\u{3}", 130), ("signal:15", 143)] {
            let outcome = try await console(shell, "wait:housekeep", step, "end:").outcome()
            #expect(outcome.output.hasSuffix("status \(status), restored\n"), "\(outcome)")
        }
    }

    @Test func `it fits another size, and NO_COLOR uses none`() async throws {
        let shell = try await Shell.member(of: .monitor).with("NO_COLOR", "1")
        let outcome = try await console(
            shell, "wait:housekeep", "resize:60x12", "wait:...", "key:q", "end:"
        ).outcome()
        #expect(outcome.output.hasSuffix("status 0, restored\n"), "\(outcome)")
        #expect(outcome.output.firstMatch(of: /\u{1B}\[[0-9;]*[1-9]m/) == nil)
        // The last picture.
        let output = outcome.output.replacing("\r", with: "")
        let pictures = output.replacing("\r\n", with: "\n").components(separatedBy: "\u{1B}[H")
        let lines = try #require(pictures.last?.components(separatedBy: "\u{1B}[J").first)
            .components(separatedBy: "\u{1B}[K\n")
        #expect(lines.count <= 12 && lines.allSatisfy { $0.count <= 63 }, "\(lines)")
    }

    @Test func `a database that goes away comes back`() async throws {
        let login = try await Database.current.makeLogin("watcher", in: .monitor)
        let program = try console(
            Shell(url: Database.current.url(login: login)), "wait:housekeep", "wait:NO DATABASE", "wait:DOWN",
            "key:q", "end:")
        try await eventually("it has begun") { program.output.contains("housekeep") }
        var superuser = try await Database.current.connectAsSuperuser()
        try await superuser.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = '\(login.name)'")
        #expect(try await program.outcome().output.hasSuffix("status 0, restored\n"))
    }

    @Test func `without a terminal it says what to use`() async throws {
        try await Shell(url: "postgres://127.0.0.1:1/x").run("console").expect(
            64, "this needs a terminal: `countersign status` prints the same once, and as JSON with --json")
    }
}

/// Prints what the program prints, and at last how it ended and whether the terminal is as it was.
private let terminal = #"""
    import fcntl, os, pty, select, signal, struct, subprocess, sys, termios, time
    cut = sys.argv.index("--")
    steps, command = sys.argv[1:cut], sys.argv[cut + 1:]
    master, slave = pty.openpty()
    def resize(text):
        columns, rows = map(int, text.split("x"))
        fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
    resize("100x30")
    before = termios.tcgetattr(slave)
    child = subprocess.Popen(command, stdin=slave, stdout=slave, stderr=slave, start_new_session=True,
                             preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0))
    seen = b""
    def read():
        global seen
        if select.select([master], [], [], 0.1)[0]:
            part = os.read(master, 65536)
            seen += part
            sys.stdout.buffer.write(part)
            sys.stdout.buffer.flush()
    deadline = time.time() + 60
    for step in steps:
        kind, _, value = step.partition(":")
        if kind == "key": os.write(master, value.encode())
        if kind == "signal": child.send_signal(int(value))
        if kind == "resize": resize(value)
        while time.time() < deadline:
            if kind == "wait" and value.encode() in seen: break
            if kind == "end" and child.poll() is not None: break
            if kind in ("key", "signal", "resize"): break
            read()
        seen = b"" if kind != "wait" else seen[seen.rfind(value.encode()) + len(value):]
    read()
    status = child.poll()
    restored = "restored" if termios.tcgetattr(slave) == before else "not restored"
    print(f"status {status if status is None or status >= 0 else -status}, {restored}")
    """#
