import Administration
import ArgumentParser
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
