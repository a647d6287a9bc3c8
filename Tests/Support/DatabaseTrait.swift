package import Testing

/// Gives each test a database of its own in `Database.current`, owned by a login that is no superuser, and
/// drops it afterwards with all logins of the test. Captures the log, too.
///
/// Only so many exist at once, so that a run of any size gets by with the server's connections. Waiting for
/// one counts towards a test's `.timeLimit`.
package struct DatabaseTrait: SuiteTrait, TestTrait, TestScoping {
    let isMigrated: Bool
    /// Of CREATE DATABASE.
    var options = ""
    /// Of those that exist at once. Who has one may not wait for a second: eight such tests would wait for each other.
    var waitsForPlace = true

    package var isRecursive: Bool { true }

    package func provideScope(
        for test: Test, testCase: Test.Case?,
        performing function: @concurrent @Sendable () async throws -> Void
    ) async throws {
        try await LogTrait().provideScope(for: test, testCase: testCase) {
            guard waitsForPlace else { return try await provide(function) }
            try await Gate.databases.pass { try await provide(function) }
        }
    }

    private func provide(_ function: @concurrent @Sendable () async throws -> Void) async throws {
        let database = try await Database.make(isMigrated: isMigrated, options: options)
        do {
            try await Database.$scoped.withValue(database, operation: function)
        } catch {
            try await database.drop()
            throw error
        }
        try await database.drop()
    }
}

extension DatabaseTrait {
    /// One more database, with every migration applied or empty, which is `Database.current` inside.
    package static func another(
        isMigrated: Bool = true, _ body: @concurrent @Sendable () async throws -> Void
    ) async throws {
        guard let test = Test.current else { preconditionFailure("there is no test") }
        try await DatabaseTrait(isMigrated: isMigrated, waitsForPlace: false).provideScope(
            for: test, testCase: Test.Case.current, performing: body)
    }
}

extension Trait where Self == DatabaseTrait {
    /// A database with every migration applied.
    package static var database: Self { Self(isMigrated: true) }
    /// A database with nothing in it.
    package static var emptyDatabase: Self { Self(isMigrated: false) }
    /// The same, made with such options of CREATE DATABASE.
    package static func emptyDatabase(_ options: String) -> Self {
        Self(isMigrated: false, options: options)
    }
}
