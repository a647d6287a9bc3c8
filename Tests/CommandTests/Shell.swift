import Countersign
import Foundation
import Support
import Testing

/// Somebody who types `countersign` with some environment. It gets nothing of the test's own environment that
/// could matter, such as PGHOST or a home with a .pgpass.
struct Shell: Sendable {
    var environment: [String: String] = [:]

    /// With the URL of a new login that belongs to those groups.
    static func member(of group: TestLogin.Group, key: MasterKeyText? = nil) async throws -> Shell {
        let login = try await Database.current.makeLogin("cli\(group)", in: group)
        return Shell(url: Database.current.url(login: login), key: key)
    }

    /// With the URL of the database's owner.
    static func owner() -> Shell { Shell(url: Database.current.ownerURL) }

    init(url: String? = nil, key: MasterKeyText? = nil) {
        environment["DATABASE_URL"] = url
        environment["COUNTERSIGN_MASTER_KEY"] = key?.text
        // All databases of tests are on one server.
        environment["COUNTERSIGN_SHARE_GROUPS"] = "true"
    }

    func with(_ name: String, _ value: String?) -> Shell {
        var copy = self
        copy.environment[name] = value
        return copy
    }

    @discardableResult
    func run(_ arguments: String..., input: String = "") async throws -> Outcome {
        try await start(arguments, input: input).outcome()
    }

    /// Runs it and fails the test unless it succeeds without a word on standard error.
    @discardableResult
    func succeed(
        _ arguments: String..., input: String = "", sourceLocation: SourceLocation = #_sourceLocation
    ) async throws -> Outcome {
        let outcome = try await start(arguments, input: input).outcome()
        // The logins of all tests share one server, which may have too few connections for them together.
        let errors = outcome.errors.split(separator: "\n").filter { !$0.hasPrefix("countersign: warning: ") }
        #expect(errors == [], sourceLocation: sourceLocation)
        try #require(outcome.status == 0, sourceLocation: sourceLocation)
        return outcome
    }

    /// Runs another program, the first argument, when it is told that the arguments are none of ours.
    ///
    /// - Parameter output: a file to write to instead of one that becomes `Outcome.output`.
    func start(
        _ arguments: [String], input: String = "", output: String? = nil, isProgram: Bool = true
    ) throws -> RunningProgram {
        let program = isProgram ? RunningProgram.executable.path : arguments[0]
        return try RunningProgram(
            isProgram ? arguments : Array(arguments.dropFirst()), of: program, environment: environment,
            input: input, output: output)
    }
}

/// `COUNTERSIGN_MASTER_KEY`, made here so that tests can open what the program seals.
struct MasterKeyText: Sendable {
    let text: String

    init(_ text: String) { self.text = text }

    static func make(id: UInt32 = 1) -> MasterKeyText { MasterKeyText(MasterKey.generate(id: id)) }

    func sealer() throws -> Sealer { Sealer(try MasterKeys(text)) }

    static func + (current: MasterKeyText, older: MasterKeyText) -> MasterKeyText {
        MasterKeyText("\(current.text),\(older.text)")
    }
}
