import Foundation
package import Testing

/// What a run of a program left behind.
package struct Outcome: Sendable {
    package let status: Int32
    package let output: String
    package let errors: String

    /// Everything it printed.
    package var text: String { output + errors }

    /// What `--json` printed.
    package func json<T>(as type: T.Type = T.self) throws -> T {
        let value = try JSONSerialization.jsonObject(with: Data(output.utf8))
        return try #require(value as? T)
    }

    /// Fails the test unless it ended so, with one line on standard error.
    package func expect(
        _ status: Int32, _ sentence: String, sourceLocation: SourceLocation = #_sourceLocation
    ) {
        #expect(self.status == status, sourceLocation: sourceLocation)
        #expect(errors == "countersign: \(sentence)\n", sourceLocation: sourceLocation)
        #expect(output.isEmpty, sourceLocation: sourceLocation)
    }
}

/// Runs a program of the machine, found along PATH, to its end. It gets the test's own environment, too.
package func runProgram(
    _ program: String, _ arguments: [String], environment: [String: String] = [:], input: String = "",
    timeout: Duration = patience
) async throws -> Outcome {
    let all = ProcessInfo.processInfo.environment.merging(environment) { $1 }
    let running = try RunningProgram(arguments, of: program, environment: all, input: input)
    return try await running.outcome(timeout: timeout)
}
