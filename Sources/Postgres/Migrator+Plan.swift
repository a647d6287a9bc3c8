extension Migrator {
    /// What `up` would run, as a script for psql. Runs nothing that changes anything.
    ///
    /// Indexes on partitions are left to psql's `\gexec`, because the partitions of the moment count.
    package func plan(_ connection: inout Connection) async throws(MigrationError) -> String {
        let status = try await checkedStatus(&connection)
        guard !status.pending.isEmpty else {
            return "-- The schema is at version \(status.version): nothing to do.\n"
        }
        var text = "\\set ON_ERROR_STOP on\n\(script.lockOrFail)\n"
        if try await !flag(script.tableExists, &connection) { text += script.createTable + "\n" }
        for run in status.pending {
            text += "\n-- \(run.migration.name)\n\(lines(of: run))RESET ALL;\n"
        }
        return text + "\n\(script.unlock);\n"
    }

    private func lines(of run: MigrationRun) -> String {
        let migration = run.migration
        let record = script.record(migration, checksum: run.checksum)
        switch migration.kind {
        case .transaction:
            // The semicolon on a line of its own ends whatever the file left open, even a comment.
            return inTransaction(
                "\(record);\n\(migration.sql)\n;\n\(script.finishInSameTransaction(migration));\n")
        case .statement(let sql):
            return begun(run, "\(record);\n") + building("\(sql)\n;\n") + "\(script.finish(migration));\n"
        case .index(let index):
            return begun(run, "\(record);\n") + building("\(script.build(index))\n\\gexec\n")
                + "\(script.finish(migration));\n"
        case .eachPartition(let index):
            return begun(run, "\(record);\n")
                + inTransaction("\(script.createOnParent(index))\n\\gexec\n")
                + building("\(script.buildOnPartitions(index))\n\\gexec\n")
                + inTransaction(
                    """
                    \(script.lockPartitions(index));
                    \(script.attachPartitions(index))
                    \\gexec
                    \(script.finish(migration));

                    """)
        }
    }

    private func begun(_ run: MigrationRun, _ text: String) -> String { run.isBegun ? "" : text }

    private func inTransaction(_ text: String) -> String { "\(script.begin)\n\(text)COMMIT;\n" }

    private func building(_ text: String) -> String { "\(script.beginBuilding)\n\(text)" }
}
