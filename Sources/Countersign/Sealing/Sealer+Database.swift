package import Postgres

extension Sealer {
    /// Checks that these keys open what the database holds: of each key in use, one value of each column. A
    /// worker calls it before it takes a row. Throws the first `SealingError`.
    package func checkMasterKey(_ connection: inout Connection) async throws {
        let samples = try await connection.run(Self.samples)
        for row in samples {
            let place = SealedColumn.all[try row.int(0)].place(try row.text(1))
            _ = try open(try row.bytes(2), at: place)
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
                let batch = try await next(column, after: last, batchSize, &connection)
                last = batch.last?.key
                let count = try await replace(batch, in: column, &connection)
                if count > 0 { try progress(column, count) }
                total += count
            } while last != nil
        }
        return total
    }

    private typealias SealedRow = (key: String, value: [UInt8])

    private func next(
        _ column: SealedColumn, after last: String?, _ limit: Int, _ connection: inout Connection
    ) async throws -> [SealedRow] {
        try await connection.run(
            column.outdated,
            [Parameter(last), .bytes(Self.header(keys.current.id)), .int32(Int32(limit))]
        ).map { (try $0.text(0), try $0.bytes(1)) }
    }

    private func replace(
        _ rows: [SealedRow], in column: SealedColumn, _ connection: inout Connection
    ) async throws -> Int {
        guard !rows.isEmpty else { return 0 }
        let sealed = try rows.map { row in
            let place = column.place(row.key)
            return try seal(try open(row.value, at: place), at: place)
        }
        let changed = try await connection.run(
            column.replacement,
            [
                .texts(rows.map(\.key)), .byteses(rows.map(\.value)), .byteses(sealed),
                .int(Int64(keys.current.id)),
            ])
        return try changed.first?.int(0) ?? 0
    }
}

extension Sealer {
    /// Columns: place in `SealedColumn.all`, primary key, sealed value.
    package static let samples = Statement(
        "sealed.sample",
        "WITH RECURSIVE " + SealedColumn.all.enumerated().map { $1.samples($0) }.joined(separator: ", ")
            + SealedColumn.all.indices.map { "SELECT \($0), key, value FROM sample_\($0)" }
            .joined(separator: " UNION ALL "))
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

extension SealedColumn {
    /// $1 last primary key seen or NULL, $2 header of values to leave alone, $3 rows at most.
    package var outdated: Statement {
        Statement(
            "sealed.outdated",
            """
            SELECT t.\(key)::text, t.\(column) FROM countersign.\(table) t
            WHERE ($1::\(keyType) IS NULL OR t.\(key) > $1::\(keyType))
              AND substring(t.\(column) FROM 1 FOR \(Sealer.headerLength)) <> $2::bytea
            ORDER BY t.\(key) LIMIT $3::integer
            """)
    }

    /// $1 primary keys, $2 values as they were read, $3 values to write, $4 key id. One row, unless nothing
    /// was as it had been read: how many were replaced.
    package var replacement: Statement {
        Statement(
            "sealed.replace",
            """
            WITH replaced AS (
                UPDATE countersign.\(table) SET \(column) = given.new
                FROM unnest($1::text[]::\(keyType)[], $2::bytea[], $3::bytea[]) AS given (key, old, new)
                WHERE \(key) = given.key AND \(column) = given.old
                RETURNING \(key)
            )
            INSERT INTO countersign.events (type, details)
            SELECT 'key.resealed',
                   jsonb_build_object('column', '\(table).\(column)', 'key_id', $4::bigint, 'values', count(*))
            FROM replaced HAVING count(*) > 0
            RETURNING (details ->> 'values')::integer
            """)
    }
}
