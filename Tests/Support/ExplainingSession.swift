import Foundation
package import Postgres

/// A session that tells of each statement what it did, and of those of functions, too, as the server's auto_explain has it.
package struct ExplainingSession: ~Copyable {
    package var connection: Connection

    /// What a statement has done, with those of its functions.
    package struct Cost {
        /// Pages of shared buffers that it touched.
        package let pages: Int
        /// Rows that any step has made or thrown away, as often as it did. Those that are compared in memory are among them,
        /// and no count of pages shows them.
        package let rows: Int
        /// As JSON, the statement's own last.
        package let plans: String
        /// How often each function in a FROM was called.
        package let calls: [String: Int]
        /// Tables that were read through, those of functions, too.
        package let readThrough: Set<String>
        /// Days whose partitions are in the plans, whether they were read or not: each is locked and prepared.
        package let days: Set<Substring>
    }

    /// - Parameters:
    ///   - login: whose rights it has; nil for the superuser's.
    ///   - settings: of a session of the product.
    ///   - isNested: whether it tells of the statements of functions. The driver keeps a hundred notices of an exchange, fewer
    ///     than a trigger for each row makes.
    package static func open(
        as login: TestLogin? = nil, _ settings: [String: String] = [:], isNested: Bool = true
    ) async throws -> ExplainingSession {
        var options = Database.current.superuserOptions
        options.settings.merge(settings) { $1 }
        options.settings["idle_in_transaction_session_timeout"] = "0"
        var connection = try await Connection.open(options)
        try await connection.execute(
            """
            LOAD 'auto_explain';
            SET auto_explain.log_min_duration = 0; SET auto_explain.log_nested_statements = \(isNested);
            SET auto_explain.log_analyze = on; SET auto_explain.log_buffers = on; SET auto_explain.log_timing = off;
            SET auto_explain.log_format = json; SET auto_explain.log_level = 'notice'
            """)
        if let login {
            try await connection.execute("SET SESSION AUTHORIZATION \(quotedIdentifier(login.name))")
        }
        return ExplainingSession(connection: connection)
    }

    /// Runs one statement in a transaction of its own, which is undone unless it `isKept`.
    package mutating func cost(of sql: String, isKept: Bool = false) async throws -> Cost {
        let told = LogCapture.current.lines.count
        try await connection.execute("BEGIN; \(sql); \(isKept ? "COMMIT" : "ROLLBACK")")
        let plans = LogCapture.current.lines[told...].compactMap(Self.plan)
        let steps = plans.flatMap { Self.steps(from: $0.root) }
        let top = plans.last?.root ?? [:]
        return Cost(
            pages: Self.number(top["Shared Hit Blocks"]) + Self.number(top["Shared Read Blocks"]),
            rows: steps.map(Self.rows).reduce(0, +),
            plans: plans.map(\.text).joined(separator: "\n"),
            calls: steps.reduce(into: [:]) { calls, step in
                guard let function = step["Function Name"] as? String else { return }
                calls[function, default: 0] += Self.number(step["Actual Loops"])
            },
            readThrough: Set(
                steps.filter { $0["Node Type"] as? String == "Seq Scan" }
                    .compactMap { $0["Relation Name"] as? String }),
            days: Set(
                steps.compactMap { $0["Relation Name"] as? String }
                    .compactMap { $0.firstMatch(of: /_(\d{8})$/)?.1 }))
    }

    /// The same, and again while it touches as many pages as that, up to five times: the first time reads catalogs and plans,
    /// and so does any other when somebody has made a role or a table meanwhile, as other tests do.
    package mutating func cost(of sql: String, below pages: Int) async throws -> Cost {
        var cost = try await cost(of: sql)
        for _ in 0..<4 where cost.pages >= pages { cost = try await self.cost(of: sql) }
        return cost
    }

    private static func plan(in line: String) -> (text: String, root: [String: Any])? {
        guard let told = line.range(of: "plan:")?.upperBound, let start = line[told...].firstIndex(of: "{"),
            let end = line.lastIndex(of: "}")
        else { return nil }
        let text = String(line[start...end])
        let plan = try? JSONSerialization.jsonObject(with: Data(text.utf8)) as? [String: Any]
        return plan.map { (text, $0["Plan"] as? [String: Any] ?? [:]) }
    }

    /// With all below it.
    private static func steps(from root: [String: Any]) -> [[String: Any]] {
        [root] + (root["Plans"] as? [[String: Any]] ?? []).flatMap(steps)
    }

    /// The server tells them for one loop of several. Its locks are those of all sessions, also of other tests.
    private static func rows(of step: [String: Any]) -> Int {
        if step["Function Name"] as? String == "pg_lock_status" { return 0 }
        let names = ["Actual Rows", "Rows Removed by Filter", "Rows Removed by Join Filter"]
        let own = names.map { (step[$0] as? NSNumber)?.doubleValue ?? 0 }.reduce(0, +)
        return Int(own * Double(number(step["Actual Loops"])))
    }

    private static func number(_ value: Any?) -> Int { (value as? NSNumber)?.intValue ?? 0 }
}
