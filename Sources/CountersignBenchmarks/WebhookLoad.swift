import Postgres

/// Deliveries as the end of requests leaves them, without the requests. Returns their ids.
struct LoadDeliveries: PreparedStatement {
    /// In turns.
    let portals: [Int32]
    let url: String
    let count: Int

    static let statement = Statement(
        "webhook load",
        """
        WITH ended AS (
            SELECT countersign.uuid_v7() AS id, ($1::integer[])[1 + n % cardinality($1::integer[])] AS portal_id
            FROM generate_series(1, $3::integer) AS n
        ), deliveries AS (
            INSERT INTO countersign.webhook_deliveries (transaction_id, created_at, portal_id, request_status,
                                                        callback_uri)
            SELECT id, clock_timestamp(), portal_id, 'authenticated', $2 FROM ended
        ), queued AS (
            INSERT INTO countersign.dispatch_queue (transaction_id, due_at, occurred_at, portal_id, request_status,
                                                    callback_uri)
            SELECT id, clock_timestamp(), clock_timestamp(), portal_id, 'authenticated', $2 FROM ended
        )
        SELECT id FROM ended
        """)
    var parameters: [Parameter] { [.int32s(portals), .text(url), .int32(Int32(count))] }

    static func decode(_ row: inout RowReader) throws -> Identifier { try row.identifier("id") }
}

struct RingStage: PreparedStatement {
    let stage: String

    static let statement = Statement("bench.ring", "SELECT countersign.ring($1)")
    var parameters: [Parameter] { [.text(stage)] }
}

enum WebhookLoad {
    /// Of these portals in turns. Returns their ids.
    @discardableResult
    static func end(
        _ count: Int, _ portals: [Int32], at url: String, _ connection: inout Connection
    ) async throws -> [String] {
        let (ended, _) = try await connection.pipeline(
            LoadDeliveries(portals: portals, url: url, count: count), RingStage(stage: "dispatch")
        ).results
        return try ended.all().map { "\($0)" }
    }
}

extension Bench {
    /// With the list of callback addresses switched off: a receiver's port is known late.
    func withReceiver<T>(_ body: (WebhookReceiver, inout Connection) async throws -> T) async throws -> T {
        var superuser = try await database.connectAsSuperuser()
        try await superuser.execute("UPDATE countersign.settings SET callback_allowlist_enabled = false")
        let result = try await WebhookReceiver.run { receiver in try await body(receiver, &superuser) }
        try await superuser.execute("UPDATE countersign.settings SET callback_allowlist_enabled = true")
        return result
    }
}
