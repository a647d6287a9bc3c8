import Support

/// `countersign work` with metrics, which can be killed and started again where it was.
final class ScrapedWorker {
    private let shell: Shell
    private let stages: String
    private var program: RunningProgram
    private(set) var port = 0

    static func start(_ shell: Shell, stages: String) async throws -> ScrapedWorker {
        let worker = ScrapedWorker(shell, stages, try launch(shell, stages, port: 0))
        try await worker.waitUntilItListens()
        return worker
    }

    private init(_ shell: Shell, _ stages: String, _ program: RunningProgram) {
        (self.shell, self.stages, self.program) = (shell, stages, program)
    }

    deinit { program.kill() }

    private static func launch(_ shell: Shell, _ stages: String, port: Int) throws -> RunningProgram {
        try shell.start([
            "work", "--stages", stages, "--operations-listen", "127.0.0.1:\(port)",
            "--allow-http", "127.0.0.0/8", "--allow-ports", "1-65535",
        ])
    }

    private func waitUntilItListens() async throws {
        port = Int(try await program.line(matching: /operations listens .*port=(\d+)/).1) ?? 0
    }

    func waitUntilItSays(_ words: Regex<Substring>) async throws {
        _ = try await program.line(matching: words)
    }

    func kill() async throws {
        program.kill()
        _ = try await program.outcome()
    }

    func startAgain() async throws {
        program = try Self.launch(shell, stages, port: port)
        try await waitUntilItListens()
    }
}
