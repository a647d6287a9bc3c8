import Synchronization
package import Testing

/// Gives each test a `LogCapture.current` of its own, and attaches its text when the test fails.
package struct LogTrait: SuiteTrait, TestTrait, TestScoping {
    package var isRecursive: Bool { true }

    package func provideScope(
        for test: Test, testCase: Test.Case?,
        performing function: @concurrent @Sendable () async throws -> Void
    ) async throws {
        let capture = LogCapture()
        let failures = Signal()
        // A thrown error becomes an issue further out, an expectation that fails is seen here.
        let watcher: IssueHandlingTrait = .compactMapIssues { issue in
            failures.fire()
            return issue
        }
        defer { if failures.count > 0 { Attachment.record(capture.text, named: "log.txt") } }
        do {
            try await watcher.provideScope(for: test, testCase: testCase) {
                try await LogCapture.$current.withValue(capture, operation: function)
            }
        } catch {
            failures.fire()
            throw error
        }
    }
}

extension Trait where Self == LogTrait {
    package static var logs: Self { Self() }
}
