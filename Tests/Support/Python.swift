package import Foundation
import Testing

/// Python of `.build/python`, with the libraries that scripts/python installs.
package enum Python {
    package static var executable: URL { Checkout.root.appending(path: ".build/python/bin/python3") }

    package static func script(_ name: String) -> String {
        Checkout.root.appending(path: "Tests/Support/Python/\(name)").path
    }

    /// Runs a script to its end with that input, and returns what it printed.
    package static func run(_ script: String, _ arguments: String..., input: String = "") async throws
        -> String
    {
        guard FileManager.default.isExecutableFile(atPath: executable.path) else {
            throw Missing(
                description: "there is no \(executable.path): run scripts/python, which needs PyPI once")
        }
        let file = FileManager.default.temporaryDirectory.appending(path: "python-\(UUID().uuidString)")
        try Data(input.utf8).write(to: file)
        let output = file.appendingPathExtension("output")
        try Data().write(to: output)
        defer {
            try? FileManager.default.removeItem(at: file)
            try? FileManager.default.removeItem(at: output)
        }
        let process = Process()
        process.executableURL = executable
        process.arguments = [self.script(script)] + arguments
        process.standardInput = try FileHandle(forReadingFrom: file)
        process.standardOutput = try FileHandle(forWritingTo: output)
        process.standardError = process.standardOutput
        let ended = Signal()
        process.terminationHandler = { _ in ended.fire() }
        try process.runOnFiles()
        try await ended.wait(timeout: .seconds(60))
        let text = try String(contentsOf: output, encoding: .utf8)
        guard process.terminationStatus == 0 else { throw Missing(description: "\(script) failed: \(text)") }
        return text
    }

    package struct Missing: Error, CustomStringConvertible { package let description: String }
}
