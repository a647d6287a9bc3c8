package import Foundation

/// The checkout that the tests were built from.
package enum Checkout {
    package static let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent()

    /// A program that scripts/packages has put into .build/tools, unless the machine has it anyway.
    package static func tool(_ name: String) -> String {
        let own = root.appending(path: ".build/tools/\(name)").path
        return FileManager.default.isExecutableFile(atPath: own) ? own : name
    }

    /// What scripts/postgres answers, of the version that COUNTERSIGN_POSTGRES names.
    package static func postgres(_ arguments: String...) async throws -> String {
        let outcome = try await runProgram(root.appending(path: "scripts/postgres").path, arguments)
        guard outcome.status == 0 else { throw NoServer(reason: "run scripts/postgres start") }
        return outcome.output.trimmingCharacters(in: .newlines)
    }
}

package struct NoServer: Error, CustomStringConvertible {
    let reason: String

    package var description: String { "there is no server to test on: \(reason)" }
}
