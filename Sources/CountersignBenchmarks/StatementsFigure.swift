import Postgres

/// Which statements a sign-in's time on the server goes to, by pg_stat_statements. Nothing where the server has not loaded
/// it. No other figure is measured while it counts.
struct StatementsFigure: Figure {
    func measure(_ bench: Bench) async throws -> [ReportRow] {
        var superuser = try await bench.database.connectAsSuperuser()
        let libraries = try await superuser.execute("SHOW shared_preload_libraries")[0].text(0)
        guard libraries.contains("pg_stat_statements") else { return [] }
        try await superuser.execute(
            """
            CREATE EXTENSION IF NOT EXISTS pg_stat_statements;
            ALTER DATABASE \(bench.database.name) SET pg_stat_statements.track = 'all'
            """)
        let result = try await bench.load { index in
            try await SignInClient.connect(index, .scanAndAccept, bench)
        }
        try await superuser.execute(
            "ALTER DATABASE \(bench.database.name) RESET pg_stat_statements.track")
        let statements = try await superuser.run(ReadStatements()).all()
        let signIns = Double(try await superuser.run(CountEnded()).one())
        try await superuser.execute("DROP EXTENSION pg_stat_statements")
        // Those that wait sleep in statements of their own.
        let sum = statements.reduce(0) { $0 + ($1.isTop ? 1 : $1.isSleep ? -1 : 0) * $1.milliseconds }
        return [
            ReportRow(
                figure: "statements",
                title: "time in statements a sign-in with scan, without what they sleep",
                unit: .microseconds, ours: Spread([sum * 1_000 / signIns]), reference: nil, target: .none,
                cpu: result.cpuEach,
                notes: notes(statements, signIns))
        ]
    }

    /// What clients and workers send, then what functions run; the costliest first.
    private func notes(_ statements: [ReadStatements.Output], _ signIns: Double) -> [String] {
        [true, false].flatMap { isTop in
            statements.filter { $0.isTop == isTop }.prefix(10).map { statement in
                let each = (statement.milliseconds * 1_000 / signIns).formatted(.microseconds)
                let calls = (statement.calls / signIns).formatted(.ratio)
                let kind = isTop ? "" : "in a function: "
                return "\(each) us in \(calls) calls: \(kind)\(statement.text)"
            }
        }
    }
}

/// The statements of this database, the costliest first.
struct ReadStatements: PreparedStatement {
    /// By a function: where this statement's columns are tested, the extension is not there.
    static let statement = Statement(
        "read statements",
        """
        SELECT toplevel AS is_top, calls, milliseconds, text
        FROM bench.read_statements() AS s ORDER BY milliseconds DESC
        """)

    struct Output: Sendable {
        /// Sent by a session, and not run by a function.
        let isTop: Bool
        let calls: Double
        let milliseconds: Double
        let text: String

        var isSleep: Bool { text.contains("pg_sleep(") }
    }

    static func decode(_ row: inout RowReader) throws -> Output {
        Output(
            isTop: try row.bool("is_top"), calls: try row.double("calls"),
            milliseconds: try row.double("milliseconds"), text: try row.text("text"))
    }
}

struct CountEnded: PreparedStatement {
    static let statement = Statement(
        "count ended",
        "SELECT count(*) AS ended FROM countersign.auth_requests WHERE status = 'authenticated'")

    static func decode(_ row: inout RowReader) throws -> Int { try row.int("ended") }
}
