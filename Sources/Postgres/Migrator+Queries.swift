extension Migrator {
    /// What `schema_migrations` holds; nothing when it does not exist.
    func applied(_ connection: inout Connection) async throws(MigrationError) -> [AppliedMigration] {
        guard try await flag(script.exists(script.table), &connection) else { return [] }
        let sql = """
            SELECT version, name, checksum, minimum_binary, applied_at, duration_ms, applied_by,
                   to_jsonb(m) ->> 'undo', to_jsonb(m) ->> 'no_undo'  -- which unreleased versions had not
            FROM \(script.table) m ORDER BY version
            """
        return try await query(sql, &connection, AppliedMigration.init)
    }

    /// What `schema_current` holds; nothing when it does not exist.
    func appliedCurrent(_ connection: inout Connection) async throws(MigrationError) -> [AppliedCurrentFile] {
        guard try await flag(script.exists(script.currentTable), &connection) else { return [] }
        let sql = """
            SELECT name, checksum, program, applied_at, duration_ms, applied_by
            FROM \(script.currentTable) ORDER BY name
            """
        return try await query(sql, &connection, AppliedCurrentFile.init)
    }

    /// The files' checksums in their order, made by the server: this module has no SHA-256 of its own.
    func checksums(_ connection: inout Connection) async throws(MigrationError) -> [String] {
        let sql = """
            SELECT encode(sha256(file), 'hex')
            FROM unnest($1::bytea[]) WITH ORDINALITY AS files (file, place) ORDER BY place
            """
        let files = Parameter.byteses(order.steps.map { Array($0.sql.utf8) })
        return try await query(sql, &connection, parameters: [files]) { row throws(DecodingFailure) in
            try row.text(0)
        }
    }

    /// The first column of each row.
    func statements(_ sql: String, _ connection: inout Connection) async throws(MigrationError) -> [String] {
        try await query(sql, &connection) { row throws(DecodingFailure) in try row.text(0) }
    }

    /// Both columns of each row, in psql's order, without NULLs.
    func pairs(_ sql: String, _ connection: inout Connection) async throws(MigrationError) -> [String] {
        let pairs = try await query(sql, &connection) { row throws(DecodingFailure) in
            [try row.optionalText(0), try row.text(1)]
        }
        return pairs.flatMap { $0.compactMap(\.self) }
    }

    func flag(_ sql: String, _ connection: inout Connection) async throws(MigrationError) -> Bool {
        try await query(sql, &connection) { row throws(DecodingFailure) in try row.bool(0) } == [true]
    }

    func query<T>(
        _ sql: String, _ connection: inout Connection, parameters: [Parameter] = [],
        _ decode: (Row) throws(DecodingFailure) -> T
    ) async throws(MigrationError) -> [T] {
        let rows: Rows
        do throws(PostgresError) {
            rows = try await connection.run(Statement("migration", sql), parameters)
        } catch {
            throw .database(error)
        }
        do throws(DecodingFailure) {
            var values: [T] = []
            for row in rows { values.append(try decode(row)) }
            return values
        } catch {
            throw .unreadable(error)
        }
    }

    /// One text of one or more statements.
    @discardableResult
    func execute(_ sql: String, _ connection: inout Connection) async throws(MigrationError) -> Rows {
        do throws(PostgresError) {
            return try await connection.execute(sql)
        } catch {
            throw .database(error)
        }
    }
}

extension AppliedMigration {
    fileprivate init(_ row: Row) throws(DecodingFailure) {
        version = try row.int(0)
        name = try row.text(1)
        checksum = try row.text(2)
        minimumBinary = try row.int(3)
        appliedAt = try row.timestamp(4)
        duration = try row.optionalInt(5).map { .milliseconds($0) }
        appliedBy = try row.text(6)
        undo = try row.optionalText(7)
        noUndo = try row.optionalText(8)
    }
}

extension AppliedCurrentFile {
    fileprivate init(_ row: Row) throws(DecodingFailure) {
        name = try row.text(0)
        checksum = try row.text(1)
        program = try row.int(2)
        appliedAt = try row.timestamp(3)
        duration = try row.optionalInt(4).map { .milliseconds($0) }
        appliedBy = try row.text(5)
    }
}
