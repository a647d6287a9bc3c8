import Engine
import Postgres

/// Writes down what came of attempts; returns how many that were. Stale tokens change nothing. Refuses the whole with
/// `SQLState.outsideDays` when one of them is not of these days.
struct AcknowledgeDeliveries: StatementForDays {
    let acknowledgements: [Acknowledgement]
    let days: Days

    /// $10 outcomes (delivered, retry, dead), $11 seconds until the next attempt.
    var parameters: [Parameter] {
        [
            .identifiers(acknowledgements.map(\.delivery.transactionID)),
            .ints(acknowledgements.map(\.delivery.token)),
            .int32s(acknowledgements.map { Int32($0.delivery.attempt) }),
            .timestamps(acknowledgements.map(\.startedAt)),
            .int32s(acknowledgements.map { Int32(clamping: $0.milliseconds) }),
            .optionalInt32s(acknowledgements.map { $0.result.statusCode.map { Int32(clamping: $0) } }),
            .texts(acknowledgements.map { $0.result.failure?.rawValue }),
            .texts(acknowledgements.map { $0.result.body.isEmpty ? nil : $0.result.body }),
            .texts(acknowledgements.map(\.result.detail)),
            .texts(acknowledgements.map(\.outcome.rawValue)),
            .doubles(acknowledgements.map { ($0.delay ?? .zero) / .seconds(1) }),
        ]
    }

    static func decode(_ row: inout RowReader) throws -> Int {
        let written = try row.int("written")
        try row.skip("refused")
        return written
    }

    static let recent = Statement("dispatch.acknowledge", sql(.recent))
    static let any = Statement("dispatch.acknowledge_of_any_day", sql(.any))

    private static func sql(_ days: Days) -> String {
        """
        WITH given AS MATERIALIZED (
            SELECT * FROM unnest($1::uuid[], $2::bigint[], $3::integer[], $4::timestamptz[], $5::integer[],
                                 $6::integer[], $7::text[], $8::text[], $9::text[], $10::text[], $11::float8[])
                AS g (transaction_id, token, attempt, started_at, duration_ms, status_code, error_class, body,
                      detail, outcome, delay)
        ), gone AS (
            DELETE FROM countersign.dispatch_queue q USING given g
            WHERE q.transaction_id = g.transaction_id AND q.token = g.token AND g.outcome <> 'retry'
            RETURNING g.*, q.portal_id
        ), later AS (
            UPDATE countersign.dispatch_queue q
            SET due_at = clock_timestamp() + make_interval(secs => g.delay), leased = false
            FROM given g WHERE q.transaction_id = g.transaction_id AND q.token = g.token AND g.outcome = 'retry'
            RETURNING g.*, q.portal_id
        ), written AS MATERIALIZED (
            SELECT h.*, h.outcome = 'delivered' AND h.attempt = 1 AND h.body IS NULL AND h.detail IS NULL AS is_plain
            FROM (SELECT * FROM gone UNION ALL SELECT * FROM later) AS h
        ), recorded AS (
            INSERT INTO countersign.webhook_attempts (transaction_id, attempt, started_at, duration_ms,
                                                      status_code, error_class, body, detail)
            SELECT transaction_id, attempt, started_at, duration_ms, status_code, error_class, body, detail
            FROM written WHERE NOT is_plain
            ON CONFLICT DO NOTHING
        ), finished AS (
            UPDATE countersign.webhook_deliveries d
            SET attempts = h.attempt, status = CASE WHEN h.outcome = 'retry' THEN 'pending' ELSE h.outcome END,
                finished_at = CASE WHEN h.outcome <> 'retry' THEN clock_timestamp() END,
                first_at = CASE WHEN h.is_plain THEN h.started_at ELSE d.first_at END,
                first_ms = CASE WHEN h.is_plain THEN h.duration_ms ELSE d.first_ms END,
                first_code = CASE WHEN h.is_plain THEN h.status_code ELSE d.first_code END
            FROM written h WHERE d.transaction_id = h.transaction_id\(days.condition("d.transaction_id"))
        ), audited AS (
            INSERT INTO countersign.events (transaction_id, portal_id, type, details)
            SELECT transaction_id, portal_id, 'webhook.' || outcome,
                   jsonb_strip_nulls(jsonb_build_object('attempts', attempt, 'status_code', status_code,
                                                        'error_class', error_class))
            FROM written WHERE outcome = 'dead'
        ), refused AS (
            SELECT countersign.refuse('\(SQLState.outsideDays)', 'a result is of another day than the plan')
            FROM written h WHERE \(days.isOutside("h.transaction_id"))
        )
        SELECT count(*) AS written, (SELECT count(*) FROM refused) AS refused FROM written
        """
    }
}

/// Ends the leases of deliveries now, so that another worker may send them. Those that were not sent have not been
/// tried, and keep their place in the line.
struct GiveBackDeliveries: PreparedStatement {
    let sent: [Delivery]
    let unsent: [Delivery]

    var parameters: [Parameter] {
        let all = sent + unsent
        let untried = [Int32](repeating: 0, count: sent.count) + [Int32](repeating: 1, count: unsent.count)
        return [.identifiers(all.map(\.transactionID)), .ints(all.map(\.token)), .int32s(untried)]
    }

    static let statement = Statement(
        "dispatch.give_back",
        """
        UPDATE countersign.dispatch_queue q
        SET due_at = CASE held.untried WHEN 1 THEN q.queued_at ELSE clock_timestamp() END, leased = false,
            token = q.token + 1, attempts = q.attempts - held.untried
        FROM unnest($1::uuid[], $2::bigint[], $3::integer[]) AS held (transaction_id, token, untried)
        WHERE q.transaction_id = held.transaction_id AND q.token = held.token
        """)
}
