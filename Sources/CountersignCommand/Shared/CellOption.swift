import Administration
import ArgumentParser
import Postgres

/// Which cell a new database is.
struct CellOption: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "The database's number among several that one gateway serves, 0 to 1023. (default: 0)",
            discussion: """
                Every id that the database makes carries it, so the first `migrate up` chooses it and no later one \
                changes it.
                """,
            valueName: "number"))
    var cell: Int?

    /// What has the migrator make that cell of a new database; nil for one that is it already, or where nothing is said.
    /// Fails with 64 for what is no number of a cell, and with 78 when the database is another one.
    func choice(_ connection: inout Connection) async throws -> String? {
        guard let wanted = try cell ?? Environment.current.value("cell") else { return nil }
        guard Cell.numbers.contains(wanted) else {
            throw Failure(.usage, "--cell must lie between 0 and 1023, not \(wanted)")
        }
        guard let recorded = try await Cell.recorded(&connection) else { return Cell.choosing(wanted) }
        guard recorded.number == wanted else {
            throw Failure(
                .configuration,
                "this database is cell \(recorded.number), and its ids say so: it cannot become cell \(wanted)"
            )
        }
        return nil
    }
}
