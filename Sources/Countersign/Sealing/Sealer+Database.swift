package import Postgres

extension Sealer {
    /// Checks that these keys open what the database holds: of each key in use, one value of each column. A
    /// worker calls it before it takes a row. Throws the first `SealingError`.
    package func checkMasterKey(_ connection: inout Connection) async throws {
        for sample in try await connection.run(SampleSealed()).all() {
            _ = try open(sample.value, at: SealedColumn.all[sample.column].place(sample.key))
        }
    }

    /// Seals with the current key whatever another one has sealed, and returns how many values that were.
    ///
    /// Each batch is a transaction of its own and leaves alone what somebody else has changed meanwhile, so it
    /// may be interrupted and repeated at any time. `progress` is told the count of each batch.
    package func reseal(
        _ connection: inout Connection, batchSize: Int = 100,
        progress: (SealedColumn, Int) throws -> Void = { _, _ in }
    ) async throws -> Int {
        var total = 0
        for column in SealedColumn.all {
            var last: String?
            repeat {
                let outdated = FindOutdated(
                    column: column, after: last, header: Self.header(keys.current.id), limit: batchSize)
                let batch = try await connection.run(outdated).all()
                last = batch.last?.key
                let count = try await replace(batch, in: column, &connection)
                if count > 0 { try progress(column, count) }
                total += count
            } while last != nil
        }
        return total
    }

    private func replace(
        _ rows: [SealedRow], in column: SealedColumn, _ connection: inout Connection
    ) async throws -> Int {
        guard !rows.isEmpty else { return 0 }
        let sealed = try rows.map { row in
            let place = column.place(row.key)
            return try seal(try open(row.value, at: place), at: place)
        }
        let replacement = ReplaceSealed(
            column: column, rows: rows, sealed: sealed, keyID: Int64(keys.current.id))
        return try await connection.run(replacement).first() ?? 0
    }
}

/// A sealed value and the primary key of its row.
package struct SealedRow: Sendable {
    package let key: String
    package let value: [UInt8]

    package init(key: String, value: [UInt8]) {
        (self.key, self.value) = (key, value)
    }
}

/// Of each column, one value of each key that it is sealed with.
package struct SampleSealed: PreparedStatement {
    package struct Output: Sendable {
        /// Place in `SealedColumn.all`.
        package let column: Int
        package let key: String
        package let value: [UInt8]
    }

    package static let statement = Statement(
        "sealed.sample",
        "WITH RECURSIVE " + SealedColumn.all.enumerated().map { $1.samples($0) }.joined(separator: ", ")
            + SealedColumn.all.indices.map { "SELECT \($0) AS place, key, value FROM sample_\($0)" }
            .joined(separator: " UNION ALL "))

    package static func decode(_ row: inout RowReader) throws -> Output {
        Output(column: try row.int("place"), key: try row.text("key"), value: try row.bytes("value"))
    }
}

extension SealedColumn {
    /// One value for each header that occurs, found by skipping from header to header: server_keys may have
    /// millions of rows, and an index on their headers.
    fileprivate func samples(_ number: Int) -> String {
        let header = "substring(t.\(column) FROM 1 FOR \(Sealer.headerLength))"
        let next = { (condition: String) in
            """
            SELECT t.\(key)::text AS key, t.\(column) AS value FROM countersign.\(table) t
            WHERE t.\(column) IS NOT NULL \(condition) ORDER BY \(header), t.\(key) LIMIT 1
            """
        }
        let after = "AND \(header) > substring(s.value FROM 1 FOR \(Sealer.headerLength))"
        return """
            sample_\(number) AS (
                (\(next("")))
                UNION ALL
                SELECT n.key, n.value FROM sample_\(number) s CROSS JOIN LATERAL (\(next(after))) n
            )
            """
    }
}

/// Values of a column that another key than the current one has sealed, in the order of the primary keys.
package struct FindOutdated: StatementFamily {
    package let column: SealedColumn
    /// The last primary key seen.
    package let after: String?
    /// Of values to leave alone.
    package let header: [UInt8]
    package let limit: Int

    package static var members: [Statement] { SealedColumn.all.map(statement) }
    package var statement: Statement { Self.statement(column) }
    package var parameters: [Parameter] { [Parameter(after), .bytes(header), .int32(Int32(limit))] }

    private static func statement(_ sealed: SealedColumn) -> Statement {
        let (table, column, key, keyType) = (sealed.table, sealed.column, sealed.key, sealed.keyType)
        return Statement(
            "sealed.outdated_\(table)_\(column)",
            """
            SELECT t.\(key)::text AS key, t.\(column) AS value FROM countersign.\(table) t
            WHERE ($1::\(keyType) IS NULL OR t.\(key) > $1::\(keyType))
              AND substring(t.\(column) FROM 1 FOR \(Sealer.headerLength)) <> $2::bytea
            ORDER BY t.\(key) LIMIT $3::integer
            """)
    }

    package static func decode(_ row: inout RowReader) throws -> SealedRow {
        SealedRow(key: try row.text("key"), value: try row.bytes("value"))
    }
}

/// Writes values that are sealed anew. One row, unless nothing was as it had been read: how many were replaced.
package struct ReplaceSealed: StatementFamily {
    package let column: SealedColumn
    /// As they were read.
    package let rows: [SealedRow]
    /// To write in their places.
    package let sealed: [[UInt8]]
    package let keyID: Int64

    package init(column: SealedColumn, rows: [SealedRow], sealed: [[UInt8]], keyID: Int64) {
        (self.column, self.rows, self.sealed, self.keyID) = (column, rows, sealed, keyID)
    }

    package static var members: [Statement] { SealedColumn.all.map(statement) }
    package var statement: Statement { Self.statement(column) }
    package var parameters: [Parameter] {
        [.texts(rows.map(\.key)), .byteses(rows.map(\.value)), .byteses(sealed), .int(keyID)]
    }

    private static func statement(_ sealed: SealedColumn) -> Statement {
        let (table, column, key, keyType) = (sealed.table, sealed.column, sealed.key, sealed.keyType)
        return Statement(
            "sealed.replace_\(table)_\(column)",
            """
            WITH replaced AS (
                UPDATE countersign.\(table) SET \(column) = given.new
                FROM unnest($1::text[]::\(keyType)[], $2::bytea[], $3::bytea[]) AS given (key, old, new)
                WHERE \(key) = given.key AND \(column) = given.old
                RETURNING \(key)
            )
            SELECT countersign.audit_resealed('\(table).\(column)', $4::bigint, count(*)) AS replaced
            FROM replaced HAVING count(*) > 0
            """)
    }

    package static func decode(_ row: inout RowReader) throws -> Int { try row.int("replaced") }
}
