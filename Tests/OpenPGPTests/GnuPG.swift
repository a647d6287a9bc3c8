import Foundation
import Testing

/// A real `gpg` with a home of its own, which is gone after the suite.
struct GnuPG: Sendable {
    @TaskLocal private static var scoped: GnuPG?

    static var current: GnuPG {
        guard let scoped else { preconditionFailure("the suite lacks .gnuPG") }
        return scoped
    }

    /// Short, for the path of the agent's socket has at most 107 bytes.
    let home: String

    struct Failure: Error {
        let arguments: [String]
        let errors: String
    }

    /// Runs it in batch mode; returns its standard output, throws unless it succeeds.
    @discardableResult
    func run(_ arguments: String..., input: [UInt8] = []) throws -> [UInt8] {
        try start("gpg", Self.options + arguments, input: input)
    }

    static let options = [
        "--batch", "--yes", "--quiet", "--no-tty", "--pinentry-mode", "loopback", "--passphrase", "",
        "--trust-model", "always", "--no-auto-check-trustdb", "--disable-dirmngr",
    ]

    func start(_ program: String, _ arguments: [String], input: [UInt8]) throws -> [UInt8] {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/\(program)")
        process.arguments = arguments
        process.environment = ["GNUPGHOME": home, "LC_ALL": "C", "PATH": "/usr/bin:/bin"]
        let (source, errors) = (try file(input), try file([]))
        let output = Pipe()
        let files = (FileHandle(forReadingAtPath: source), FileHandle(forWritingAtPath: errors))
        process.standardInput = files.0
        process.standardError = files.1
        process.standardOutput = output
        // Foundation would keep them open for ever.
        defer { try? files.0?.close() }
        defer { try? files.1?.close() }
        try process.run()
        let bytes = Array(output.fileHandleForReading.readDataToEndOfFile())
        process.waitUntilExit()
        guard process.terminationStatus == 0 else {
            throw Failure(arguments: arguments, errors: try String(contentsOfFile: errors, encoding: .utf8))
        }
        return bytes
    }

    /// Writes a file into the home and says where.
    func file(_ bytes: [UInt8]) throws -> String {
        let path = "\(home)/\(UUID().uuidString)"
        try Data(bytes).write(to: URL(fileURLWithPath: path))
        return path
    }

    func read(_ path: String) throws -> [UInt8] {
        Array(try Data(contentsOf: URL(fileURLWithPath: path)))
    }

    static func scope(_ body: @concurrent @Sendable () async throws -> Void) async throws {
        let gnuPG = GnuPG(home: "/tmp/gpg-\(UUID().uuidString.prefix(13))")
        try FileManager.default.createDirectory(
            atPath: gnuPG.home, withIntermediateDirectories: false, attributes: [.posixPermissions: 0o700])
        defer {
            _ = try? gnuPG.start("gpgconf", ["--kill", "all"], input: [])
            try? FileManager.default.removeItem(atPath: gnuPG.home)
        }
        try await $scoped.withValue(gnuPG, operation: body)
    }
}

/// Gives a suite one `GnuPG.current`.
struct GnuPGTrait: SuiteTrait, TestScoping {
    func provideScope(
        for test: Test, testCase: Test.Case?,
        performing function: @concurrent @Sendable () async throws -> Void
    ) async throws {
        try await GnuPG.scope(function)
    }
}

extension Trait where Self == GnuPGTrait {
    static var gnuPG: Self { Self() }
}
