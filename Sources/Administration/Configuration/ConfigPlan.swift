package import Countersign
package import Postgres

/// What `countersign config apply` would do, made from a file and the state of the database.
package struct ConfigPlan: Sendable {
    /// The database's, as it was read.
    private let state: ConfigState
    private let file: ConfigFile
    private let steps: [ConfigStep]
    private let secrets: SecretSource
    private let sealer: @Sendable () throws -> Sealer

    /// Lines, each with a plus, a minus, or above such a one. Empty when there is nothing to do.
    package let difference: [String]
    /// What there is and the file does not name where it names others of its kind.
    package let unnamed: [String]
    /// References to passwords that are not there, so that nobody knows whether the database has the same.
    package let unread: [String]

    /// - Parameter prunes: whether what the file does not name is to go.
    /// - Parameter sealer: made when a secret is to be sealed or opened.
    package static func make(
        _ file: ConfigFile, prunes: Bool, _ secrets: SecretSource,
        sealer: @escaping @Sendable () throws -> Sealer, _ connection: inout Connection
    ) async throws -> ConfigPlan {
        try ConfigPlan(
            try await connection.transaction { connection in
                try await connection.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
                return try await ConfigState.read(&connection)
            }, file, prunes, secrets, sealer)
    }

    private init(
        _ state: ConfigState, _ file: ConfigFile, _ prunes: Bool, _ secrets: SecretSource,
        _ sealer: @escaping @Sendable () throws -> Sealer
    ) throws {
        var compared = state
        unread = try compared.compare(file.tree, secrets, sealer)
        let old = compared.tree
        let wanted = file.tree.withoutFirstSecrets(of: old)
        let new = old.merged(with: wanted, as: .root, prunes: prunes)
        difference = ConfigTree.difference(from: old, to: new)
        unnamed = prunes ? [] : old.unnamed(in: wanted, as: .root).map { $0.joined(separator: " ") }
        steps = Self.steps(from: old, to: new)
        (self.state, self.file, self.secrets, self.sealer) = (state, file, secrets, sealer)
    }

    private static func steps(from old: ConfigTree, to new: ConfigTree) -> [ConfigStep] {
        let steps = configSections.flatMap { section -> [ConfigStep] in
            let (before, after) = (old[section.name] ?? .empty, new[section.name] ?? .empty)
            let names = before.parts.map(\.name) + after.parts.map(\.name).filter { before[$0] == nil }
            return names.filter { before[$0] != after[$0] }.flatMap {
                section.steps(for: $0, from: before[$0], to: after[$0])
            }
        }
        return steps.filter(\.removes).reversed() + steps.filter { !$0.removes }
    }
}

extension ConfigPlan {
    /// Does all of it and takes it back, so that what would be refused is refused now. Throws `ConfigError`.
    package func rehearse(_ connection: inout Connection) async throws {
        guard !steps.isEmpty else { return }
        do {
            try await connection.transaction { connection in
                _ = try await run(&connection)
                throw Rehearsed()
            }
        } catch is Rehearsed {}
    }

    /// Does it, as part of a transaction that has read nothing yet. Throws `ConfigChanged` when the database is not any more
    /// what the plan was made for.
    ///
    /// Whoever calls holds `ConfigLock`. Others who change something at this moment are found out: the transaction sees one
    /// state, and the server lets it write no row that somebody has written since.
    package func apply(_ connection: inout Connection) async throws -> ConfigOutcome {
        try await connection.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
        guard try await ConfigState.read(&connection) == state else { throw ConfigChanged() }
        return try await run(&connection)
    }

    private func run(_ connection: inout Connection) async throws -> ConfigOutcome {
        var outcome = ConfigOutcome()
        for step in steps {
            do {
                try await step.run(secrets, sealer, &outcome, &connection)
            } catch {
                guard let sentence = refusal(error) else { throw error }
                let subject = step.path.dropFirst().joined(separator: " ")
                throw ConfigError(line: file.line(of: step.path), sentence: "\(subject): \(sentence)")
            }
        }
        return outcome
    }

    /// What is wrong with what the file says; nil for any other error.
    private func refusal(_ error: any Error) -> String? {
        switch error {
        case let error as AdministrationError: return error.description
        case let error as UnreadableInput: return error.description
        case let error as PostgresError:
            if let refused = AdministrationError(error) { return refused.description }
            return "CS" ~= error.state || "22" ~= error.state || "23" ~= error.state || "42939" ~= error.state
                ? error.message : nil
        default: return nil
        }
    }
}

extension ConfigTree {
    /// Without what only a new portal or app takes from a file.
    fileprivate func withoutFirstSecrets(of old: ConfigTree) -> ConfigTree {
        var tree = self
        for section in [PortalsSection.name, AppsSection.name] {
            guard var things = tree[section] else { continue }
            let known = old[section] ?? .empty
            for thing in things.parts.map(\.name) where known[thing] != nil {
                things[thing]?[PortalsSection.password] = nil
                things[thing]?[PortalsSection.signingSecret] = nil
            }
            tree[section] = things
        }
        return tree
    }
}

private struct Rehearsed: Error {}

/// The configuration was changed since the plan was shown.
package struct ConfigChanged: Error, Sendable {
    package init() {}
}

/// What was done.
package struct ConfigOutcome: Sendable {
    /// How things are now.
    package internal(set) var sentences: [String] = []
    /// What a journal keeps of it.
    package internal(set) var journal: [String] = []
    package internal(set) var shown: [ShownOnce] = []
}

/// One who applies at a time.
package enum ConfigLock {
    /// For the session, as a transaction would see what was before it waited. Throws SQLSTATE 55P03 when another one has it for
    /// longer than lock_timeout.
    package static func take(_ connection: inout Connection) async throws {
        try await connection.run(LockConfiguration())
    }
}

struct LockConfiguration: PreparedStatement {
    static let statement = Statement(
        "config.lock",
        "SELECT pg_catalog.pg_advisory_lock(pg_catalog.hashtextextended('countersign config', 0))")
}
