import Foundation
package import Testing

/// A real `gpg` with a home of its own, which is gone afterwards.
package struct GnuPG: Sendable {
    @TaskLocal private static var scoped: GnuPG?

    package static var current: GnuPG {
        guard let scoped else { preconditionFailure("the suite lacks .gnuPG") }
        return scoped
    }

    /// Short, for the path of the agent's socket has at most 107 bytes.
    package let home: String

    package struct Failure: Error {
        let arguments: [String]
        let errors: String
    }

    /// Runs it in batch mode; returns its standard output, throws unless it succeeds.
    @discardableResult
    package func run(_ arguments: String..., input: [UInt8] = []) throws -> [UInt8] {
        try start("gpg", Self.options + arguments, input: input)
    }

    package static let options = [
        "--batch", "--yes", "--quiet", "--no-tty", "--pinentry-mode", "loopback", "--passphrase", "",
        "--trust-model", "always", "--no-auto-check-trustdb", "--disable-dirmngr",
    ]

    package func start(_ program: String, _ arguments: [String], input: [UInt8]) throws -> [UInt8] {
        let (output, errors) = (try file([]), try file([]))
        let process = try ChildProcess(
            program, arguments, environment: ["GNUPGHOME": home, "LC_ALL": "C", "PATH": "/usr/bin:/bin"],
            .init(input: try file(input), output: output, errors: errors))
        guard process.waitUntilEnd() == 0 else {
            throw Failure(arguments: arguments, errors: try String(contentsOfFile: errors, encoding: .utf8))
        }
        return try read(output)
    }

    /// Writes a file into the home and says where.
    package func file(_ bytes: [UInt8]) throws -> String {
        let path = "\(home)/\(UUID().uuidString)"
        try Data(bytes).write(to: URL(fileURLWithPath: path))
        return path
    }

    package func read(_ path: String) throws -> [UInt8] {
        Array(try Data(contentsOf: URL(fileURLWithPath: path)))
    }

    /// One for the time of the body.
    package static func withNewHome<T>(_ body: (GnuPG) async throws -> T) async throws -> T {
        let gnuPG = GnuPG(home: "/tmp/gpg-\(UUID().uuidString.prefix(13))")
        try FileManager.default.createDirectory(
            atPath: gnuPG.home, withIntermediateDirectories: false, attributes: [.posixPermissions: 0o700])
        defer {
            _ = try? gnuPG.start("gpgconf", ["--kill", "all"], input: [])
            try? FileManager.default.removeItem(atPath: gnuPG.home)
        }
        return try await body(gnuPG)
    }

    static func scope(_ body: @concurrent @Sendable () async throws -> Void) async throws {
        try await withNewHome { try await $scoped.withValue($0, operation: body) }
    }
}

/// Gives a suite or a test one `GnuPG.current`.
package struct GnuPGTrait: SuiteTrait, TestTrait, TestScoping {
    package func provideScope(
        for test: Test, testCase: Test.Case?,
        performing function: @concurrent @Sendable () async throws -> Void
    ) async throws {
        try await GnuPG.scope(function)
    }
}

extension Trait where Self == GnuPGTrait {
    package static var gnuPG: Self { Self() }
}
