import Postgres

/// Adds what a worker has seen of endpoints to the slot of ten seconds.
struct CountAttempts: PreparedStatement {
    let seen: [(endpoint: WebhookEndpoint, count: EndpointObservations.Count)]
    let workerID: Identifier

    var parameters: [Parameter] {
        [
            .int32s(seen.map(\.endpoint.portalID)), .texts(seen.map(\.endpoint.origin)),
            .int32s(seen.map { Int32($0.count.attempts) }), .int32s(seen.map { Int32($0.count.failures) }),
            .identifier(workerID),
        ]
    }

    static let statement = Statement(
        "breaker.count",
        """
        INSERT INTO countersign.webhook_endpoint_counts AS c (portal_id, origin, worker_id, slot, attempts, failures)
        SELECT g.portal_id, g.origin, $5, date_bin('10 s', clock_timestamp(), 'epoch'), g.attempts, g.failures
        FROM unnest($1::integer[], $2::text[], $3::integer[], $4::integer[])
            AS g (portal_id, origin, attempts, failures)
        ON CONFLICT (portal_id, origin, slot, worker_id)
            DO UPDATE SET attempts = c.attempts + excluded.attempts, failures = c.failures + excluded.failures
        """)
}

/// Opens the breakers of endpoints that fail, and returns those. A breaker opens when at least 60 % of at least ten
/// attempts within a minute failed, whoever made them; for 10 s at first, then twice as long each time until 80 s.
/// After that one delivery is sent as a probe, and its result closes the breaker or opens it again. What was counted
/// before a breaker was last closed does not count again.
struct OpenBreakers: PreparedStatement {
    let failing: [(endpoint: WebhookEndpoint, reason: String?)]

    struct Output {
        let origin: String
        let reason: String
    }

    var parameters: [Parameter] {
        [
            .int32s(failing.map(\.endpoint.portalID)), .texts(failing.map(\.endpoint.origin)),
            .texts(failing.map(\.reason)),
        ]
    }

    static func decode(_ row: inout RowReader) throws -> Output {
        Output(origin: try row.text("origin"), reason: try row.text("reason"))
    }

    static let statement = Statement(
        "breaker.open",
        """
        WITH opened AS (
            INSERT INTO countersign.webhook_endpoints AS e (portal_id, origin, state, changed_at, open_until,
                                                            failing_since, reason, trips)
            SELECT g.portal_id, g.origin, 'open', clock_timestamp(), clock_timestamp() + interval '10 s',
                   clock_timestamp(), g.reason, 1
            FROM unnest($1::integer[], $2::text[], $3::text[]) AS g (portal_id, origin, reason)
            JOIN countersign.portals p ON p.portal_id = g.portal_id
            CROSS JOIN LATERAL (
                SELECT sum(c.attempts) AS attempts, sum(c.failures) AS failures
                FROM countersign.webhook_endpoint_counts c
                WHERE c.portal_id = g.portal_id AND c.origin = g.origin
                  AND c.slot > clock_timestamp() - interval '60 s'
                  AND c.slot > coalesce((SELECT k.changed_at FROM countersign.webhook_endpoints k
                                         WHERE k.portal_id = g.portal_id AND k.origin = g.origin), '-infinity')
            ) AS seen
            WHERE seen.attempts >= 10 AND seen.failures >= 0.6 * seen.attempts
            ON CONFLICT (portal_id, origin) DO UPDATE
                SET state = 'open', changed_at = excluded.changed_at, open_until = excluded.open_until,
                    failing_since = excluded.failing_since, reason = excluded.reason, trips = 1
                WHERE e.state = 'closed'
            RETURNING e.portal_id, e.origin, e.reason
        ), audited AS (
            INSERT INTO countersign.events (portal_id, type, details)
            SELECT portal_id, 'webhook.breaker_opened', jsonb_build_object('origin', origin, 'error_class', reason)
            FROM opened
        )
        SELECT origin, reason FROM opened
        """)
}

/// Closes half-open breakers whose probe was answered, and opens the others again.
struct JudgeProbes: PreparedStatement {
    let probes: [EndpointObservations.Probe]

    var parameters: [Parameter] {
        [
            .int32s(probes.map(\.endpoint.portalID)), .texts(probes.map(\.endpoint.origin)),
            .bools(probes.map(\.isHealthy)), .texts(probes.map(\.reason)),
        ]
    }

    static let statement = Statement(
        "breaker.judge",
        """
        WITH judged AS (
            UPDATE countersign.webhook_endpoints e
            SET state = CASE WHEN g.answered THEN 'closed' ELSE 'open' END, changed_at = clock_timestamp(),
                open_until = CASE WHEN g.answered THEN clock_timestamp()
                             ELSE clock_timestamp() + interval '10 s' * (1 << least(e.trips, 3)) END,
                failing_since = CASE WHEN g.answered THEN NULL ELSE e.failing_since END,
                reason = CASE WHEN g.answered THEN NULL ELSE g.reason END,
                trips = CASE WHEN g.answered THEN 0 ELSE e.trips + 1 END
            FROM unnest($1::integer[], $2::text[], $3::boolean[], $4::text[]) AS g (portal_id, origin, answered, reason)
            WHERE e.portal_id = g.portal_id AND e.origin = g.origin AND e.state = 'half_open'
            RETURNING e.portal_id, e.origin, e.state
        ), audited AS (
            INSERT INTO countersign.events (portal_id, type, details)
            SELECT portal_id, 'webhook.breaker_closed', jsonb_build_object('origin', origin)
            FROM judged WHERE state = 'closed'
        )
        SELECT FROM judged
        """)
}

/// Gives up what has waited half an hour at a breaker that has not closed for half an hour, which is as long as
/// the schedule lasts: results of sign-ins that old help nobody, but they are listed and can be replayed. What waits for an
/// operator after a restore goes on waiting. Returns how many that were.
struct GiveUpDeliveries: PreparedStatement {
    static func decode(_ row: inout RowReader) throws -> Int { try row.int("given_up") }

    static let statement = Statement(
        "breaker.give_up",
        """
        WITH late AS MATERIALIZED (
            SELECT late.transaction_id, e.portal_id, e.reason
            FROM countersign.webhook_endpoints e CROSS JOIN LATERAL (
                SELECT q.transaction_id FROM countersign.dispatch_queue q
                WHERE q.portal_id = e.portal_id AND q.origin = e.origin AND NOT q.leased
                  AND q.queued_at < clock_timestamp() - interval '30 min' AND q.due_at < countersign.held()
                ORDER BY q.due_at LIMIT 500 FOR UPDATE SKIP LOCKED) AS late
            WHERE e.state <> 'closed' AND e.failing_since < clock_timestamp() - interval '30 min'
        ), gone AS (
            DELETE FROM countersign.dispatch_queue q USING late WHERE q.transaction_id = late.transaction_id
            RETURNING q.transaction_id, q.attempts
        ), finished AS (
            UPDATE countersign.webhook_deliveries d
            SET attempts = gone.attempts, status = 'dead', finished_at = clock_timestamp()
            FROM gone WHERE d.transaction_id = gone.transaction_id
        ), audited AS (
            INSERT INTO countersign.events (transaction_id, portal_id, type, details)
            SELECT transaction_id, portal_id, 'webhook.dead',
                   jsonb_build_object('error_class', 'breaker', 'opened_by', reason)
            FROM late
        )
        SELECT count(*) AS given_up FROM gone
        """)
}

/// Forgets counts that are over, and dead deliveries whose partition retention has dropped.
struct SweepCounts: PreparedStatement {
    static let statement = Statement(
        "breaker.sweep",
        """
        WITH counts AS (
            DELETE FROM countersign.webhook_endpoint_counts c
            WHERE c.ctid = ANY (ARRAY(SELECT o.ctid FROM countersign.webhook_endpoint_counts o
                                      WHERE o.slot < clock_timestamp() - interval '2 min'
                                      LIMIT 10000 FOR UPDATE SKIP LOCKED))
        )
        DELETE FROM countersign.dead_deliveries l
        WHERE l.ctid = ANY (ARRAY(
            SELECT o.ctid FROM countersign.dead_deliveries o
            WHERE o.transaction_id < countersign.uuid_floor(clock_timestamp() - make_interval(days => (
                SELECT t.retention_days + 1 FROM countersign.partitioned_tables t
                WHERE t.table_name = 'webhook_deliveries')))
            ORDER BY o.transaction_id LIMIT 10000 FOR UPDATE SKIP LOCKED))
        """)
}
