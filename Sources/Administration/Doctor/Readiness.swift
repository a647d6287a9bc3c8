import Countersign
package import Postgres

/// What `/readyz` answers: whether this process can do its work. All of it is part of `countersign doctor`, too.
package enum Readiness {
    /// Looks at everything through that connection. Throws when the database cannot be asked.
    package static func check(_ connection: inout Connection) async throws -> [Finding] {
        let schema = try await Self.schema(&connection)
        let findings = [try await database(&connection), schema]
        guard schema.grade == .ok else { return findings }
        let figures = try await DatabaseFigures.read(&connection)
        return findings + [defaultPartitions(figures), partitionsAhead(figures)]
    }

    package static func unreachable(_ error: any Error) -> Finding {
        let state = PostgresError(in: error)?.state.description ?? "no SQLSTATE"
        return Finding(
            "database", .error, "cannot be asked (\(state))",
            "Look whether the server runs and lets this login in; the log says more.")
    }

    /// `isListening`: whether the process's listener has had a sign of life lately; nil without a listener.
    package static func listener(_ isListening: Bool) -> Finding {
        isListening
            ? Finding("listener", .ok, "answers")
            : Finding(
                "listener", .error, "does not answer",
                "Wake-ups come by the poll (1 s) until it does; a pooler in transaction mode cannot LISTEN.")
    }

    private static func database(_ connection: inout Connection) async throws -> Finding {
        let (isStandby, isReadOnly) = try await connection.run(ReadWritability()).one()
        guard isStandby || isReadOnly else { return Finding("database", .ok, "reachable") }
        return Finding(
            "database", .error,
            isStandby ? "read-only: it is a standby" : "read-only: sessions may not write",
            isStandby
                ? "Give the primary's address, or all addresses with target_session_attrs=read-write."
                : "Find out who has set default_transaction_read_only for the server, the database or the login."
        )
    }

    private static func schema(_ connection: inout Connection) async throws -> Finding {
        do {
            try await Program.schemaRange.check(&connection, schema: Program.schema)
            return Finding("schema", .ok, "fits this program (\(Program.number))")
        } catch let error as SchemaRangeError {
            return Finding(
                "schema", .error, "\(error)", "Migrate, or replace this program by the one that fits.")
        }
    }

    private static func defaultPartitions(_ figures: DatabaseFigures) -> Finding {
        let stray = figures["default_partition_rows"].filter { $0.is > 0 }
        guard !stray.isEmpty else { return Finding("default partitions", .ok, "empty") }
        let tables = stray.map { "\($0.of) (\(Int($0.is)))" }.joined(separator: ", ")
        return Finding(
            "default partitions", .error, "hold rows: \(tables)",
            "Look why partitions were missing, then run `countersign doctor --mend` as the owner.")
    }

    private static func partitionsAhead(_ figures: DatabaseFigures) -> Finding {
        let least = figures["partitions_ahead"].map(\.is).min() ?? 0
        let sentence = "\(Int(least)) days ahead"
        guard least < 2 else { return Finding("partitions", .ok, sentence) }
        return Finding(
            "partitions", least < 1 ? .error : .warning, sentence,
            "Run the housekeep stage somewhere; its log says what keeps it from making partitions.")
    }
}

/// Whether the server is a standby, and whether sessions may write.
struct ReadWritability: PreparedStatement {
    static let statement = Statement(
        "readiness.writability",
        """
        SELECT pg_is_in_recovery() AS is_standby, current_setting('transaction_read_only')::boolean AS is_read_only
        """)

    static func decode(_ row: inout RowReader) throws -> (isStandby: Bool, isReadOnly: Bool) {
        (try row.bool("is_standby"), try row.bool("is_read_only"))
    }
}
