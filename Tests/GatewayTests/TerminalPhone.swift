import Foundation
import Support
import Testing

/// `countersign phone`, the program, speaking HTTP.
struct TerminalPhone: Sendable {
    /// How it is told the access token.
    enum Way: Sendable { case argument, file, variable }

    private let folder: URL
    private var port: Int
    private let token: String
    private let way: Way

    init(_ http: RawHTTP, token: String, by way: Way) throws {
        folder = FileManager.default.temporaryDirectory.appending(path: "phone-\(UUID())")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: false)
        (port, self.token, self.way) = (http.port, token, way)
        try Data("\(token)\n".utf8).write(to: folder.appending(path: "token"))
    }

    func remove() { try? FileManager.default.removeItem(at: folder) }

    /// The same phone, asking another port.
    func at(_ port: Int) -> TerminalPhone {
        var phone = self
        phone.port = port
        return phone
    }

    /// Runs it, and gives how it ended and what it said.
    func run(_ arguments: String...) async throws -> (status: Int32, output: String) {
        try await run(arguments)
    }

    func run(_ arguments: [String]) async throws -> (status: Int32, output: String) {
        var options = [
            "--url", "http://127.0.0.1:\(port)", "--keys", folder.appending(path: "phone.json").path,
        ]
        var environment: [String: String] = [:]
        switch way {
        case .argument: options += ["--token", token]
        case .file: options += ["--token-file", folder.appending(path: "token").path]
        case .variable: environment["COUNTERSIGN_TOKEN"] = token
        }
        return try await runTool(
            RunningProgram.executable, ["phone"] + arguments + options, environment: environment,
            withErrors: true)
    }
}
