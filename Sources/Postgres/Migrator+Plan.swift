extension Migrator {
    /// What `up` would run, as a script for psql. Runs nothing that changes anything.
    ///
    /// Indexes on partitions are left to psql's `\gexec`, because the partitions of the moment count.
    package func plan(_ connection: inout Connection) async throws(MigrationError) -> String {
        let status = try await checkedStatus(&connection)
        guard !status.pending.isEmpty || !status.removed.isEmpty else {
            return "-- The schema is at version \(status.version): nothing to do.\n"
        }
        var text = "\\set ON_ERROR_STOP on\n"
        if try await !flag(script.exists(script.turnTable), &connection) {
            text += script.createTables + "\n"
        }
        for group in status.pending.transactions {
            text += group.isTransactional ? together(group) : alone(group[0])
            text += "RESET ALL;\n"
        }
        if !status.removed.isEmpty { text += "\n\(script.forget(status.removed));\n" }
        return text
    }

    private func together(_ runs: [MigrationRun]) -> String {
        // The semicolon on a line of its own ends whatever the file left open, even a comment.
        let files = runs.map { run in
            """

            -- \(run.name)
            \(script.record(run));
            \(run.step.sql)
            ;
            \(script.finishInSameTransaction(run));

            """
        }
        return inTransaction("\(script.lockTurn);\n" + files.joined(separator: "\(script.beginNext)\n"))
    }

    private func alone(_ run: MigrationRun) -> String {
        guard case .numbered(let migration) = run.step else { return "" }
        return "\n-- \(run.name)\n" + (run.isBegun ? "" : "\(script.record(run));\n") + lines(of: migration)
            + "\(script.finish(run));\n"
    }

    private func lines(of migration: Migration) -> String {
        switch migration.kind {
        case .transaction: ""
        case .statement(let sql): building("\(sql)\n;\n")
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

    private func building(_ text: String) -> String { "\(script.beginBuilding)\n\(text)" }
}
