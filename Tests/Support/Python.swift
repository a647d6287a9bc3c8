package import Foundation

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
        let outcome = try await runProgram(executable.path, [self.script(script)] + arguments, input: input)
        guard outcome.status == 0 else { throw Missing(description: "\(script) failed: \(outcome.text)") }
        return outcome.text
    }

    package struct Missing: Error, CustomStringConvertible { package let description: String }
}
