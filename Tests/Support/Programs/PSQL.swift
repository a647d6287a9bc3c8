package import Testing

/// Types a text into psql as somebody who pastes it, and fails the test unless all of it ends well and without a word.
///
/// - Returns: what psql prints, without the names of columns.
@discardableResult
package func typeIntoPSQL(
    _ text: String, _ url: String, environment: [String: String] = [:],
    sourceLocation: SourceLocation = #_sourceLocation
) async throws -> String {
    let done = try await runProgram(
        "psql", ["-XqAt", "-v", "ON_ERROR_STOP=1", url], environment: environment, input: text + "\n")
    #expect(done.status == 0 && done.errors == "", "\(text): \(done.errors)", sourceLocation: sourceLocation)
    return done.output
}
