import ArgumentParser
import Countersign
import Postgres

/// Where the database is. Part of every command that uses one.
struct DatabaseOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "Where the database is: postgres://user@host/database.",
            discussion: """
                Else DATABASE_URL, else the PG* variables. Others see the arguments of a process: leave the \
                password to DATABASE_URL, PGPASSWORD or ~/.pgpass.
                """,
            valueName: "url"))
    var databaseURL: String?

    @Option(
        help: ArgumentHelp(
            "A file or folder outside the database for what a restore must not take back. (default: none)",
            discussion: """
                Commands write down what they have changed before they answer, and workers what they have seen of \
                the database. A worker that is given one revokes again what a restore has brought back.
                """,
            valueName: "path"))
    var journal: String?

    /// Nil when none is given. Fails with 78 when it cannot be opened.
    func openJournal(_ environment: Environment = .current) throws -> Journal? {
        guard let path = journal ?? environment.text("journal") else { return nil }
        do { return try Journal(path: path) } catch { throw Failure(.configuration, "\(error)") }
    }

    /// Fails with 78 when a password has broken the URL.
    func connectionOptions(_ environment: Environment = .current) throws -> ConnectionOptions {
        try environment.connectionOptions(databaseURL ?? environment.databaseURL)
    }
}

extension Environment {
    /// Of that URL, and where it says nothing of the PG* variables. Fails with 78 when a password has broken the URL.
    func connectionOptions(_ url: String?) throws -> ConnectionOptions {
        if let url, hasUnencodedPassword(url) {
            throw Failure(
                .configuration,
                "the database URL cannot be read: in its password, @ must be written %40, / %2F, ? %3F and % %25"
            )
        }
        return ConnectionOptions(url: url, environment: variables)
    }
}

/// Whether some of the password would be taken for a host or a port, and then be shown in an error.
private func hasUnencodedPassword(_ url: String) -> Bool {
    guard url.hasPrefix("postgres://") || url.hasPrefix("postgresql://") else { return false }
    let parts = url.split(separator: "/", maxSplits: 3, omittingEmptySubsequences: false).dropFirst(2)
    let authority = parts.first?.prefix { $0 != "?" } ?? ""
    let path = parts.dropFirst().first?.prefix { $0 != "?" } ?? ""
    return authority.count { $0 == "@" } > 1 || path.contains("@")
}
