import Administration
import ArgumentParser
import Countersign
import Postgres

/// A command that does its work in one session.
protocol DatabaseCommand: AsyncParsableCommand {
    /// The group whose members may do this; nil is the database's owner.
    static var role: GroupRole? { get }
    /// Whether the schema must be one that this program works on.
    static var needsSchema: Bool { get }
    /// Whether its statements may take as long as they take: how much they read is told by how much there is. Ctrl-C ends them.
    static var isLong: Bool { get }
    var database: DatabaseOptions { get }

    /// Looks at the arguments before anything is connected.
    mutating func prepare() throws
    func run(_ connection: inout Connection) async throws
}

extension DatabaseCommand {
    static var needsSchema: Bool { true }
    static var isLong: Bool { false }

    func prepare() {}

    mutating func run() async throws { try await runInSession() }

    mutating func runInSession() async throws {
        do {
            try prepare()
            var options = try database.connectionOptions()
            // Somebody who idles in a transaction must not keep an operator waiting for ever.
            options.settings["lock_timeout"] = "5s"
            if Self.isLong { options.settings["statement_timeout"] = "0" }
            Interruption.shared.begin()
            var connection = try await Connection.open(options)
            Interruption.shared.watch(connection)
            do {
                if Self.needsSchema {
                    try await Program.schemaRange.check(&connection, schema: Program.schema)
                }
                try await run(&connection)
            } catch {
                // Only a refusal names a group: nobody else has to wait for how the groups are called here.
                guard Failure.namesGroup(error) else { throw error }
                let installation = try? await Installation.read(&connection)
                throw Failure(error, role: Self.role, in: installation ?? .first)
            }
        } catch {
            throw Failure(error, role: Self.role)
        }
    }
}
