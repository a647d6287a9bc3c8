extension Migrator {
    /// What `up` would run, as a script for psql. Runs nothing that changes anything.
    ///
    /// Indexes on partitions are left to psql's `\gexec`, because the partitions of the moment count.
    package func plan(_ connection: inout Connection) async throws(MigrationError) -> String {
        let status = try await checkedStatus(&connection)
        guard !status.pending.isEmpty || !status.removed.isEmpty else {
            return "-- The schema is at version \(status.version): nothing to do.\n"
        }
        let outlook = try await outlook(status, &connection)
        var text = "\\set ON_ERROR_STOP on\n"
        if try await !flag(script.exists(script.turnTable), &connection) {
            text += script.createTables + "\n"
        }
        let runs = status.pending.filter(\.step.isTransactional)
        let others = status.pending.filter { !$0.step.isTransactional }
        if !runs.isEmpty { text += together(runs, then: others, outlook) + "RESET ALL;\n" }
        for run in others {
            text += alone(run, isBegun: run.isBegun || !runs.isEmpty, outlook) + "RESET ALL;\n"
        }
        if !status.removed.isEmpty { text += "\n\(script.forget(status.removed));\n" }
        return text
    }

    private func together(_ runs: [MigrationRun], then others: [MigrationRun], _ outlook: MigrationOutlook)
        -> String
    {
        let files = runs.map { run in
            """

            -- \(run.name)
            \(outlook.comment(on: run))\(script.whole(run, words.applied(to: run.step.sql)));

            """
        }
        let begun = others.filter { !$0.isBegun }.map { "\(script.record($0));\n" }.joined()
        return inTransaction(
            "\(script.lockTurn);\n" + files.joined(separator: "\(script.beginNext)\n") + begun)
    }

    private func alone(_ run: MigrationRun, isBegun: Bool, _ outlook: MigrationOutlook) -> String {
        guard case .numbered(let migration) = run.step else { return "" }
        return "\n-- \(run.name)\n\(outlook.comment(on: run))" + (isBegun ? "" : "\(script.record(run));\n")
            + lines(of: migration)
            + "\(script.finish(run));\n"
    }

    private func lines(of migration: Migration) -> String {
        switch migration.kind {
        case .transaction: ""
        case .statement(let sql): building("\(words.applied(to: sql))\n;\n")
        case .batches(let sql):
            building("-- again and again, until it changes nothing\n\(words.applied(to: sql))\n;\n")
        case .index(let index): building("\(script.build(index))\n\\gexec\n")
        case .eachPartition(let index):
            inTransaction("\(script.createOnParent(index))\n\\gexec\n")
                + building("\(script.buildOnPartitions(index))\n\\gexec\n")
                + inTransaction(
                    """
                    \(script.lockPartitions(index));
                    \(script.attachPartitions(index))
                    \\gexec

                    """)
        }
    }

    private func inTransaction(_ text: String) -> String { "\(script.begin)\n\(text)COMMIT;\n" }

    private func building(_ text: String) -> String { "\(script.beginBuilding())\n\(text)" }
}
