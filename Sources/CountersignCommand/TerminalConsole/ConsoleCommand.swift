import Administration
import ArgumentParser
import Foundation
import Glibc
import Postgres

struct ConsoleCommand: DatabaseCommand {
    static let configuration = CommandConfiguration(
        commandName: "console",
        abstract: "Watch the installation in the terminal: what hurts, queues, rates, workers.",
        discussion: """
            Looks once a second, at what hurts and at the rates every ten seconds, and comes back by itself when the \
            database was away. q or Ctrl-C ends it. With NO_COLOR set it uses no colours. It changes nothing: beside what \
            hurts stands the command that mends it. The console for browsers is part of `countersign work`, \
            `serve` and `run`, with --operations-listen.

            Example:
              countersign console
            """)
    static let role: GroupRole? = .monitor

    @OptionGroup var database: DatabaseOptions

    func prepare() throws {
        guard isatty(STDIN_FILENO) == 1, terminalSize() != nil else {
            throw Failure(
                .usage,
                "this needs a terminal: `countersign status` prints the same once, and as JSON with --json")
        }
        guard Environment.current.variables["TERM"].map({ !["", "dumb"].contains($0) }) ?? false else {
            throw Failure(.usage, "this terminal cannot be drawn on (TERM): use `countersign status`")
        }
    }

    func run(_ connection: inout Connection) async throws {
        var watch = InstallationWatch()
        try await watch.look(&connection)
        let colors = (Environment.current.variables["NO_COLOR"] ?? "").isEmpty
        let screen = try Screen()
        defer { screen.close() }
        for await event in screen.events() {
            if event == .second { try await watch.follow(&connection) }
            let size = terminalSize() ?? (columns: 80, rows: 24)
            screen.draw(ConsoleFrame(watch, columns: size.columns, rows: size.rows, colors: colors).lines)
        }
    }
}
