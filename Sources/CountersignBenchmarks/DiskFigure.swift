import Postgres

/// What a sign-in leaves on the disk: one with scan and accept, both signed, with address, browser and reference, whose
/// callback was delivered. Rows as they are stored, beside their indexes as they have grown.
struct DiskFigure: Figure {
    private static let tables = ["auth_requests", "submissions", "webhook_deliveries", "events"]
    private static let clients = 16

    func measure(_ bench: Bench) async throws -> [ReportRow] {
        try await bench.reset()
        try await bench.withWorker { worker in
            // Some thousands, or an index is mostly its first page.
            _ = try await runLoad(for: bench.scale.load * 10, clients: Self.clients) {
                try await SignInClient.connect($0, .signed, bench, browser: Self.browser)
            }
            try worker.check()
        }
        var superuser = try await bench.database.connectAsSuperuser()
        try await superuser.execute(Self.delivered)
        try await bench.settle(&superuser)
        var rows: [ReportRow] = []
        var total = 0.0
        for table in Self.tables {
            let size = try await superuser.execute(Self.size(of: table))[0]
            let (bytes, index) = (Double(try size.int(0)), Double(try size.int(1)))
            total += bytes + index
            rows.append(Self.row("\(table), bytes a sign-in; its indexes", bytes, index, .none))
        }
        return rows + [Self.row("all of a sign-in", total, nil, .limit(2500))]
    }

    private static func row(
        _ title: String, _ ours: Double, _ reference: Double?, _ target: ReportRow.Target
    ) -> ReportRow {
        ReportRow(
            figure: "disk", title: title, unit: .bytes, ours: Spread([ours]),
            reference: reference.map { Spread([$0]) }, target: target)
    }

    private static let browser = """
        Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.5 \
        Safari/605.1.15
        """

    /// As a worker writes it down. The clients' addresses are called by none.
    private static let delivered = """
        UPDATE countersign.webhook_deliveries
        SET status = 'delivered', finished_at = now(), attempts = 1, first_at = now(), first_ms = 12, first_code = 204
        """

    /// Rows and indexes of a table, each by the sign-ins that have come to their end.
    private static func size(of table: String) -> String {
        """
        WITH signed_in AS MATERIALIZED (
            SELECT transaction_id FROM countersign.auth_requests WHERE status = 'authenticated'
        )
        SELECT (SELECT sum(pg_column_size(t.*)) FROM countersign.\(table) t JOIN signed_in USING (transaction_id))::bigint / n,
               (SELECT sum(pg_relation_size(i.indexrelid)) FROM pg_inherits h JOIN pg_index i ON i.indrelid = h.inhrelid
                WHERE h.inhparent = 'countersign.\(table)'::regclass AND pg_relation_size(h.inhrelid) > 0)::bigint / n
        FROM (SELECT count(*) AS n FROM signed_in) AS x
        """
    }
}
