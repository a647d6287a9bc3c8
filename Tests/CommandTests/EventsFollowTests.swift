import Foundation
import Glibc
import Postgres
import Support
import Testing

@Suite(.database) struct EventsFollowTests {
    private static func lines(_ text: String) -> [[String: Any]] {
        text.split(separator: "\n").compactMap {
            try? JSONSerialization.jsonObject(with: Data($0.utf8)) as? [String: Any]
        }
    }

    private func follow(_ shell: Shell, _ arguments: String...) throws -> RunningProgram {
        try shell.start(["events", "--follow"] + arguments)
    }

    @Test func `it goes on where it was, and each event comes once`() async throws {
        let shell = try await Shell.member(of: .admin)
        let folder = try Folder()
        let file = folder.path + "/events.cursor"
        var stages = ["issue", "validate", "dispatch"].makeIterator()
        var seen: [String] = []
        for signal in [SIGINT, SIGTERM, SIGKILL] {
            let program = try follow(shell, "--format", "json", "--cursor", file)
            try await eventually("it has begun") { FileManager.default.fileExists(atPath: file) }
            let before = try stored(file)
            try await act("stage pause", stages.next() ?? "")
            try await eventually("it prints it") { !Self.lines(program.output).isEmpty }
            if signal == SIGKILL { try await eventually("it is stored") { try stored(file) != before } }
            program.interrupt(by: signal)
            let outcome = try await program.outcome()
            #expect(outcome.status == (signal == SIGKILL ? signal : 128 + signal))
            let lines = Self.lines(outcome.output)
            #expect(lines.count == 1)
            seen += lines.compactMap { ($0["details"] as? [String: String])?["stage"] }
            // While nobody reads.
            try await act("stage resume", "issue")
            try await act("stage pause", "issue")
            let missed = try await readUntil(2, shell, file)
            #expect(missed == ["stage.resumed", "stage.paused"])
        }
        #expect(seen == ["issue", "validate", "dispatch"])
    }

    private func stored(_ file: String) throws -> String {
        try String(contentsOfFile: file, encoding: .utf8).trimmingCharacters(in: .newlines)
    }

    private func readUntil(_ count: Int, _ shell: Shell, _ file: String) async throws -> [String] {
        let program = try follow(shell, "--format", "json", "--cursor", file)
        try await eventually("it prints them") { Self.lines(program.output).count >= count }
        program.interrupt()
        return Self.lines(try await program.outcome().output).compactMap { $0["type"] as? String }
    }

    @Test func `a lost connection is made again`() async throws {
        let login = try await Database.current.makeLogin("follower", in: .monitor)
        let shell = Shell(url: Database.current.url(login: login))
        let program = try follow(shell, "--format", "json", "--since", "1h")
        try await act("stage pause", "issue")
        try await eventually("it prints it") { Self.lines(program.output).count == 1 }
        var superuser = try await Database.current.connectAsSuperuser()
        try await superuser.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = '\(login.name)'")
        try await act("stage resume", "issue")
        try await eventually("it prints the next") { Self.lines(program.output).count == 2 }
        #expect(program.errors.contains("the connection to the database was lost"))
        let line = try #require(Self.lines(program.output).last)
        #expect(line["user_id"] == nil && line["details"] == nil)
        let cursor = try #require(line["cursor"] as? String)
        #expect(try await program.stop() == 128 + SIGTERM)
        let rest = try follow(shell, "--after", cursor)
        try await act("stage pause", "issue")
        try await eventually("it prints the last") { rest.output.contains("\n") }
        #expect(rest.output.wholeMatch(of: /\S+Z stage.paused\n/) != nil)
    }

    @Test func `syslog is that of RFC 5424`() async throws {
        let shell = try await Shell.member(of: .admin)
        // A mark that combines with the last quote does not hide it.
        try await arrangeEvent(user: #"al"i]c\e"\#u{301}"#)
        let program = try follow(shell, "--format", "syslog", "--since", "1h", "--enterprise", "4711")
        try await eventually("it prints it") { program.output.contains("\n") }
        let form =
            #/<108>1 \d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z \S+ countersign - submission\.rejected \[countersign@4711 event_id="[-0-9a-f]{36}" user_id="al\\"i\\\]c\\\\e\\"\u{301}" actor="[^"]+" cursor="[^" ]+"\] \u{FEFF}submission\.rejected reason=größe\n/#
        #expect(program.output.wholeMatch(of: form) != nil, "\(program.output)")
    }

    private func arrangeEvent(user: String) async throws {
        var owner = try await Database.current.connect()
        try await owner.execute(
            """
            INSERT INTO countersign.events (type, user_id, details)
            VALUES ('submission.rejected', '\(user)', '{"reason": "größe", "evidence": "long"}')
            """)
    }

    @Test(arguments: [
        ("--format json", "--format needs --follow, a list takes --json"),
        ("--cursor x", "--cursor needs --follow"),
        ("--follow --limit 5", "--limit ends a list, and --follow has no end: give one of them"),
        ("--follow --type request.started", "request.started cannot be followed: only a list has it"),
        ("--follow --after x", "--after must be a cursor that events --follow has printed"),
    ])
    func `what makes no sense`(line: String, sentence: String) async throws {
        let words = ["events"] + line.split(separator: " ").map(String.init)
        let outcome = try await Shell(url: "postgres://127.0.0.1:1/x").start(words).outcome()
        #expect(outcome.status == 64 && outcome.errors.contains(sentence))
    }

    @Test func `a file that is no cursor is refused`() async throws {
        let shell = try await Shell.member(of: .admin)
        let folder = try Folder()
        try "hello".write(toFile: folder.path + "/c", atomically: true, encoding: .utf8)
        let outcome = try await shell.run("events", "--follow", "--cursor", folder.path + "/c")
        #expect(outcome.status == 65 && outcome.errors.contains("holds no cursor"))
    }
}

/// Removed with it.
private final class Folder {
    let path: String

    init() throws {
        path = FileManager.default.temporaryDirectory.appending(path: "cs-\(UUID().uuidString)").path
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: false)
    }

    deinit { try? FileManager.default.removeItem(atPath: path) }
}
