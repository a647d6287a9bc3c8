import Administration
import Postgres

/// Runs the safe remedies of what the doctor has found.
struct DoctorFix {
    let isAsked: Bool

    /// Shows what it would run, and runs it when that is wanted: false when nothing was run. What this login may not run is
    /// left. A statement that is refused is told, and the next one is tried. On standard error: what is found then is the
    /// output.
    func run(_ findings: [Finding], _ connection: inout Connection) async throws -> Bool {
        let owner = try await connection.run(ReadOwner()).one()
        let safe = findings.compactMap(\.remedy).filter { $0.isSafe && $0.hands != .shell }
        let remedies = safe.filter { $0.hands == .owner || owner.isAskedBySuperuser }
        let statements = remedies.flatMap(\.statements)
        if remedies.count < safe.count {
            writeError("countersign: left to a superuser: \(safe.count - remedies.count) of \(safe.count)")
        }
        guard !statements.isEmpty else {
            writeError("countersign: there is nothing that can be mended without a decision")
            return false
        }
        for statement in statements { writeError(plainLines(statement)) }
        guard !isAsked || isWanted(statements.count) else {
            writeError("countersign: nothing was run")
            return false
        }
        // Functions' bodies are read as they are made: nothing of the session's own path is to be taken for PostgreSQL's.
        try await connection.execute("SET search_path = pg_catalog, pg_temp")
        for remedy in remedies {
            try await become(remedy.hands, owner.name, &connection)
            for statement in remedy.statements { try await run(statement, &connection) }
        }
        try await connection.execute("RESET ROLE; RESET search_path")
        return true
    }

    private func run(_ statement: String, _ connection: inout Connection) async throws {
        do {
            try await connection.execute(statement)
        } catch {
            writeError("countersign: \(plain(error.message)): \(plain(statement))")
            guard !error.isConnectionLoss else { throw error }
        }
    }

    /// What a superuser makes in the owner's place would be his, and work with his rights.
    private func become(
        _ hands: Remedy.Hands, _ owner: String, _ connection: inout Connection
    ) async throws {
        guard hands == .owner else {
            try await connection.execute("RESET ROLE")
            return
        }
        do {
            try await connection.execute("SET ROLE \(quotedIdentifier(owner))")
        } catch {
            guard error.state == .insufficientPrivilege else { throw error }
            throw Failure(
                .permission, "--fix needs the login of the database's owner, \(owner), or a superuser's")
        }
    }

    private func isWanted(_ count: Int) -> Bool {
        writeError("Run \(count == 1 ? "this" : "these \(count) statements")? [y/N]")
        return isYes(readLine())
    }

    private func plainLines(_ text: String) -> String {
        text.split(separator: "\n", omittingEmptySubsequences: false).map { plain(String($0)) }
            .joined(separator: "\n")
    }
}
