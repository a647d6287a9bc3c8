import Administration
import ArgumentParser

extension Since: ExpressibleByArgument {}

/// `--since` or COUNTERSIGN_SINCE.
func readSince(_ given: String?) throws -> Since? {
    guard let text = given ?? Environment.current.text("since") else { return nil }
    guard let since = Since(argument: text) else {
        throw Failure(.usage, "--since must be \(Since.allowed), not '\(text)'")
    }
    return since
}
