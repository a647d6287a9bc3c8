import ArgumentParser
import Countersign
import Postgres

/// A command that does what the console has a button for, by the same code.
protocol ActionCommand: DatabaseCommand {
    /// What to do, in order. Fails with 64 when the arguments make no sense.
    var actions: [OperatorAction] { get throws }
}

extension ActionCommand {
    static var role: GroupRole? { .admin }

    func prepare() throws { _ = try actions }

    func run(_ connection: inout Connection) async throws {
        for action in try actions { write(try await action.run(&connection)) }
    }
}

/// Reads the name of a stage. Fails with 64.
func stage(_ name: String) throws -> StageName {
    guard let stage = StageName(rawValue: name) else {
        let allowed = StageName.allCases.map(\.rawValue).joined(separator: ", ")
        throw Failure(.usage, "there is no stage '\(name)'; there is \(allowed)")
    }
    return stage
}
