import Support

/// `countersign work` or `serve` with metrics, which can be killed and started again where it was.
final class ScrapedProgram {
    private let shell: Shell
    private let arguments: [String]
    private var program: RunningProgram
    private(set) var port = 0

    static func worker(_ shell: Shell, stages: String) async throws -> ScrapedProgram {
        try await start(
            shell,
            ["work", "--stages", stages, "--allow-http", "127.0.0.0/8", "--allow-ports", "1-65535"])
    }

    static func start(_ shell: Shell, _ arguments: [String]) async throws -> ScrapedProgram {
        let program = ScrapedProgram(shell, arguments, try launch(shell, arguments, port: 0))
        try await program.waitUntilItListens()
        return program
    }

    private init(_ shell: Shell, _ arguments: [String], _ program: RunningProgram) {
        (self.shell, self.arguments, self.program) = (shell, arguments, program)
    }

    deinit { program.kill() }

    private static func launch(_ shell: Shell, _ arguments: [String], port: Int) throws -> RunningProgram {
        try shell.start(arguments + ["--operations-listen", "127.0.0.1:\(port)"])
    }

    private func waitUntilItListens() async throws {
        port = Int(try await program.line(matching: /operations listens .*port=(\d+)/).1) ?? 0
    }

    /// Where a gateway serves portals and apps.
    func servedPort() async throws -> Int { try await program.port() }

    func waitUntilItSays(_ words: Regex<Substring>) async throws {
        _ = try await program.line(matching: words)
    }

    func kill() async throws {
        program.kill()
        _ = try await program.outcome()
    }

    func startAgain() async throws {
        program = try Self.launch(shell, arguments, port: port)
        try await waitUntilItListens()
    }
}
