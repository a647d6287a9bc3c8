import Foundation
import Support
import Testing

/// What the program says of itself: the manual, the table of commands, completions, and what is installed of them.
@Suite struct ManualTests {
    private func manual() async throws -> String {
        try await Shell().with("SOURCE_DATE_EPOCH", "1767225600").succeed("manual").output
    }

    private func words(of command: String) -> [String] { command.split(separator: " ").map(String.init) }

    @Test func `the manual has every command, variable and exit code`() async throws {
        let page = try await manual()
        #expect(page.hasPrefix(".TH COUNTERSIGN 1 2026-01-01 "))
        let plain = page.replacing("\\-", with: "-").replacing("\\fB", with: "").replacing("\\fR", with: "")
        for command in UsageTests.commands { #expect(plain.contains("\n.SS \(command)\n"), "\(command)") }
        for text in [
            "COUNTERSIGN_BATCH_SIZE", "COUNTERSIGN_MASTER_KEY", "/etc/countersign/worker.env", "--expires-in",
            "countersign portal add acme --role acme --no-password", "\n64\n", "\n78\n",
            "\n.SH EXIT STATUS\n",
        ] { #expect(plain.contains(text), "\(text)") }
        #expect(!plain.contains("COUNTERSIGN_HELP") && !plain.contains("print-schema"))
    }

    @Test func `man finds nothing to complain about in it`() async throws {
        let outcome = try await Shell().start(
            ["/usr/bin/env", "mandoc", "-Tlint", "-Wall"], input: try await manual(), isProgram: false
        ).outcome()
        #expect(outcome.text == "" && outcome.status == 0)
    }

    @Test func `the reference's table of commands is what there is`() async throws {
        let outcome = try await Shell().with("COUNTERSIGN", RunningProgram.executable.path).start(
            [root.appending(path: "scripts/reference").path, "--check"], isProgram: false
        ).outcome()
        #expect(outcome.text == "" && outcome.status == 0)
    }

    @Test(arguments: [
        ("countersign sta", ["status", "stage"]), ("countersign portal cred", ["credentials"]),
        ("countersign portal credentials ro", ["rotate"]), ("countersign work --batch", ["--batch-size"]),
        ("countersign stage pause is", ["issue"]), ("countersign completion fi", ["fish"]),
    ])
    func `bash completes`(line: String, offered: [String]) async throws {
        // As bash itself calls it at a Tab, see "Programmable Completion" in bash(1).
        let script = """
            source <("$1" completion bash)
            COMP_LINE=$2 COMP_POINT=${#2} COMP_WORDS=($2) COMP_CWORD=$((${#COMP_WORDS[@]} - 1))
            [[ $(complete -p countersign) =~ -F\\ ([^ ]+) ]]
            "${BASH_REMATCH[1]}" countersign "${COMP_WORDS[-1]}" "${COMP_WORDS[-2]}"
            printf '%s\\n' "${COMPREPLY[@]}"
            """
        let outcome = try await Shell().start(
            ["/bin/bash", "-c", script, "bash", RunningProgram.executable.path, line], isProgram: false
        ).outcome()
        #expect(outcome.errors == "")
        let completed = outcome.output.split(separator: "\n").map { $0.trimmingCharacters(in: .whitespaces) }
        #expect(Set(completed) == Set(offered))
    }

    /// Read by the shell itself where it is installed.
    @Test(arguments: ["bash", "zsh", "fish"]) func `a completion script is one`(shell: String) async throws {
        let script = try await Shell().succeed("completion", shell).output
        for command in ["migrate", "rotate-secret", "batch-size"] { #expect(script.contains(command)) }
        let outcome = try await Shell().start(
            ["/bin/sh", "-c", "! command -v \(shell) >/dev/null || \(shell) -n /dev/stdin"], input: script,
            isProgram: false
        ).outcome()
        #expect(outcome.text == "" && outcome.status == 0)
    }

    @Test func `another shell is refused with those that there are`() async throws {
        try await Shell().run("completion", "tcsh")
            .expect(64, "there is a completion script for bash, zsh and fish, not for 'tcsh'")
    }

    @Test func `help of what there is not is wrong usage`() async throws {
        let outcome = try await Shell().run("help", "nope")
        #expect(outcome.status == 64 && outcome.output == "")
        #expect(
            outcome.errors.hasPrefix(
                "countersign: there is no command 'countersign nope'; there is migrate, "))
        try await Shell().run("help", "migrate", "over").expect(
            64,
            "there is no command 'countersign migrate over'; there is up, down, status, verify, plan, show")
        try await Shell().run("help", "migrate", "up", "now").expect(
            64, "there is no command 'countersign migrate up now'")
        for line in ["help", "help portal", "help portal add", "help --help"] {
            #expect(try await Shell().start(words(of: line)).outcome().status == 0, "\(line)")
        }
    }

    @Test func `installing puts each file where its reader looks`() async throws {
        let folder = FileManager.default.temporaryDirectory.appending(
            path: "countersign-\(UUID().uuidString)")
        defer { try? FileManager.default.removeItem(at: folder) }
        let install = root.appending(path: "scripts/install").path
        let shell = Shell().with("COUNTERSIGN", RunningProgram.executable.path).with("DESTDIR", folder.path)
        let outcome = try await shell.start([install, "/opt/countersign"], isProgram: false).outcome()
        #expect(outcome.text == "" && outcome.status == 0)
        let base = folder.appending(path: "opt/countersign")
        let installed = try FileManager.default.subpathsOfDirectory(atPath: base.path).filter {
            !base.appending(path: $0).hasDirectoryPath
        }
        for path in [
            "bin/countersign", "share/man/man1/countersign.1", "share/zsh/site-functions/_countersign",
            "share/bash-completion/completions/countersign",
            "share/fish/vendor_completions.d/countersign.fish",
            "lib/systemd/system/countersign-gateway.service",
            "lib/systemd/system/countersign-worker@.service",
        ] { #expect(installed.contains(path), "\(path)") }
        let unit = try String(
            contentsOf: base.appending(path: "lib/systemd/system/countersign-worker@.service"),
            encoding: .utf8)
        #expect(unit.contains("\nExecStart=/opt/countersign/bin/countersign work\n"))
    }
}

/// The checkout that the tests were built from.
private let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
    .deletingLastPathComponent()
