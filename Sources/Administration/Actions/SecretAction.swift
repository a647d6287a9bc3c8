package import Postgres

/// An action whose answer is shown this once. Its command prints that before the change counts, so that either whoever
/// asked for it has it, or nothing has changed; a page can only be sent afterwards.
package protocol SecretAction: OperatorAction {
    /// Part of the transaction that is open, if one is.
    func make(_ connection: inout Connection) async throws -> ShownOnce
}

extension SecretAction {
    package static var answersSecret: Bool { true }

    package func run(_ connection: inout Connection) async throws -> String {
        let made = try await make(&connection)
        let facts = made.facts.map { "\($0.name) \($0.value)" }
        return ([made.sentence] + facts + [made.remark]).joined(separator: "\n")
    }
}
