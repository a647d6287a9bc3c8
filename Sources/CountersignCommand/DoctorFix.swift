import Administration
import Postgres

/// Runs the safe remedies of what the doctor has found.
struct DoctorFix {
    let isAsked: Bool

    /// Shows what it would run, and runs it when that is wanted: false when nothing was run. A statement that is refused is
    /// told, and the next one is tried. On standard error: what is found then is the output.
    func run(_ findings: [Finding], _ connection: inout Connection) async throws -> Bool {
        let statements = findings.compactMap(\.remedy).filter { $0.isSafe && $0.hands != .shell }
            .flatMap(\.statements)
        guard !statements.isEmpty else {
            writeError("countersign: there is nothing that can be mended without a decision")
            return false
        }
        for statement in statements { writeError(plainLines(statement)) }
        guard !isAsked || isWanted(statements.count) else {
            writeError("countersign: nothing was run")
            return false
        }
        for statement in statements {
            do {
                try await connection.execute(statement)
            } catch {
                writeError("countersign: \(plain(error.message)): \(plain(statement))")
                guard !error.isConnectionLoss else { throw error }
            }
        }
        return true
    }

    private func isWanted(_ count: Int) -> Bool {
        writeError("Run \(count == 1 ? "this" : "these \(count) statements")? [y/N]")
        return ["y", "yes"].contains(readLine()?.lowercased() ?? "")
    }

    private func plainLines(_ text: String) -> String {
        text.split(separator: "\n", omittingEmptySubsequences: false).map { plain(String($0)) }
            .joined(separator: "\n")
    }
}
