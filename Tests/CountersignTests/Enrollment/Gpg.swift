import Foundation
import Support
import Testing

/// GnuPG in a home of its own.
struct Gpg {
    private let home: URL

    init() throws {
        home = FileManager.default.temporaryDirectory.appending(path: "gpg-\(UUID().uuidString.prefix(8))")
        try FileManager.default.createDirectory(
            at: home, withIntermediateDirectories: false, attributes: [.posixPermissions: 0o700])
    }

    func remove() {
        _ = try? Self.start("gpgconf", ["--homedir", home.path, "--kill", "all"], home)
        try? FileManager.default.removeItem(at: home)
    }

    /// As the guide for operators tells it: an empty home, the certificate, the signed lines, the signature, and nothing else.
    static func verify(
        _ signed: String, _ signature: String, _ certificate: String
    ) throws -> (status: Int32, text: String) {
        let gpg = try Gpg()
        defer { gpg.remove() }
        for (name, text) in [("signed", signed), ("signature", signature), ("certificate", certificate)] {
            try Data(text.utf8).write(to: gpg.home.appending(path: name))
        }
        #expect(try gpg.run(["--import", gpg.home.appending(path: "certificate").path]).status == 0)
        return try gpg.run([
            "--status-fd", "1", "--verify", gpg.home.appending(path: "signature").path,
            gpg.home.appending(path: "signed").path,
        ])
    }

    /// Ed25519 to sign with, Curve25519 to decrypt; its public key.
    func makeKey() throws -> String {
        let parameters = """
            %no-protection
            Key-Type: eddsa
            Key-Curve: ed25519
            Key-Usage: sign,cert
            Subkey-Type: ecdh
            Subkey-Curve: cv25519
            Name-Real: Alice
            Expire-Date: 0
            %commit
            """
        let made = try run(["--generate-key"], input: parameters)
        try #require(made.status == 0, "\(made.text)")
        return try run(["--armor", "--export", "Alice"]).text
    }

    func sign(_ text: String) throws -> String {
        let file = home.appending(path: "to-sign")
        try Data(text.utf8).write(to: file)
        return try run(["--armor", "--detach-sign", "--output", "-", file.path]).text
    }

    func run(_ arguments: [String], input: String = "") throws -> (status: Int32, text: String) {
        try Data(input.utf8).write(to: home.appending(path: "input"))
        return try Self.start("gpg", ["--batch", "--quiet", "--no-tty"] + arguments, home)
    }

    /// Output goes to a file: an agent that gpg starts would keep a pipe open.
    private static func start(
        _ program: String, _ arguments: [String], _ home: URL
    ) throws -> (status: Int32, text: String) {
        let output = home.appending(path: "output")
        try Data().write(to: output)
        let process = Process()
        process.executableURL = URL(filePath: "/usr/bin/env")
        process.arguments = [program] + arguments
        process.environment = ["GNUPGHOME": home.path, "PATH": "/usr/bin:/bin", "LC_ALL": "C.UTF-8"]
        process.standardInput = FileHandle(forReadingAtPath: home.appending(path: "input").path)
        process.standardOutput = try FileHandle(forWritingTo: output)
        process.standardError = FileHandle.nullDevice
        try process.runOnFiles()
        process.waitUntilExit()
        return (process.terminationStatus, try String(contentsOf: output, encoding: .utf8))
    }
}
