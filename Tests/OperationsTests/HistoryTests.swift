import Administration
import Countersign
import Engine
import Postgres
import Support
import Testing

@testable import Operations

/// The past by minutes and hours, as housekeep writes it and the charts read it.
@Suite(.database) struct HistoryTests {
    /// Sign-ins of the last minutes: each asked 3 ms before its code, the first five answered after 2 s.
    private func arrange(_ count: Int, minutesAgo: Int) async throws {
        _ = try await ConsolePortal.make()
        try await Database.current.arrangeAsSuperuser(
            """
            SET session_replication_role = replica;
            INSERT INTO countersign.auth_requests (transaction_id, requested_at, expires_at, issued_at, resolved_at,
                portal_id, status, auth_type, method, callback_uri, message)
            SELECT (left(countersign.uuid_floor(at)::text, 19) || right(gen_random_uuid()::text, 17))::uuid, at,
                   at + interval '3 min', at + interval '3 ms', at + interval '2 s', 1,
                   CASE WHEN n <= 5 THEN 'authenticated' ELSE 'cancelled' END, 'qr-code', 'otp', 'https://acme.example/cb', 'x'
            FROM (SELECT n, date_trunc('minute', clock_timestamp()) - interval '\(minutesAgo) min' + interval '1 s' AS at
                  FROM generate_series(1, \(count)) n) AS x;
            INSERT INTO countersign.events (event_id, occurred_at, transaction_id, type)
            SELECT (left(countersign.uuid_floor(resolved_at)::text, 19) || right(gen_random_uuid()::text, 17))::uuid,
                   resolved_at, transaction_id, 'request.' || status FROM countersign.auth_requests;
            INSERT INTO countersign.webhook_endpoint_counts (portal_id, attempts, worker_id, slot, failures, origin)
            SELECT 1, 9, gen_random_uuid(), date_trunc('minute', clock_timestamp()) - interval '\(minutesAgo) min', 2, 'https://a'
            """)
    }

    private func record() async throws -> History {
        var owner = try await Database.current.connect()
        try await owner.execute("SELECT countersign.record_history()")
        return try await History.read(.hour, &owner)
    }

    @Test func `a minute has its sign-ins, times and webhooks, and is counted once`() async throws {
        try await arrange(8, minutesAgo: 2)
        _ = try await record()
        let history = try await record()
        let minute = try #require(history.signIns.compactMap(\.self).first { $0.asked > 0 })
        #expect(minute.asked == 8 && minute.ended == [5, 0, 0, 3, 0])
        #expect(minute.delivered == 7 && minute.undelivered == 2)
        let code = try #require(minute.codeTimes.quantile(0.99)) / .milliseconds(1)
        #expect((2.8...4).contains(code))
        let answer = try #require(minute.answerTimes.quantile(0.5)) / .milliseconds(1)
        #expect((1_448...2_048.1).contains(answer))
        #expect(history.signIns.compactMap(\.self).map(\.asked).reduce(0, +) == 8)
        #expect(history.waiting["issue"]?.last == 0)
    }

    @Test func `minutes become hours, and are forgotten when their time is over`() async throws {
        try await arrange(8, minutesAgo: 2)
        _ = try await record()
        try await Database.current.arrange(
            """
            UPDATE countersign.sign_in_history SET minute = minute - interval '3 hours';
            UPDATE countersign.queue_history SET minute = minute - interval '3 hours', waiting = 5;
            INSERT INTO countersign.queue_history (unit, minute, stage, waiting, done)
            SELECT unit, now() - age, 'issue', 1, 1
            FROM (VALUES ('minute', interval '8 days'), ('hour', interval '8 days'), ('hour', interval '401 days')) v (unit, age)
            """)
        _ = try await record()
        _ = try await record()
        // Just after a full hour the last one has them, too: what was recorded of it was moved away.
        let hours = """
            countersign.sign_in_history WHERE unit = 'hour' AND asked = 8 AND cancelled = 3 AND code_times[5] = 8
            AND minute < now() - interval '2 hours'
            """
        #expect(try await count(hours) == 1)
        #expect(
            try await count(
                "countersign.queue_history WHERE unit = 'hour' AND stage = 'issue' AND waiting = 5") >= 1)
        #expect(
            try await count(
                "countersign.queue_history WHERE unit = 'minute' AND minute < now() - interval '7 days'") == 0
        )
        let old = "countersign.queue_history WHERE unit = 'hour' AND minute < now() - interval"
        #expect(try await count("\(old) '7 days'") > 0)
        #expect(try await count("\(old) '400 days'") == 0)
        var owner = try await Database.current.connect()
        let week = try await History.read(.week, &owner)
        #expect(week.signIns.compactMap(\.self).map(\.asked).contains(8))
        #expect(week.signIns.count == 168 && (week.waiting["issue"] ?? []).contains(5))
    }

    @Test func `a worker that keeps house writes it`() async throws {
        try await arrange(8, minutesAgo: 2)
        try await withWorker(stages: [.housekeep]) { _ in
            try await eventually("it is written") {
                try await count("countersign.sign_in_history WHERE unit = 'minute' AND asked = 8") == 1
            }
        }
    }

    /// A statement that is cancelled has written none, and would be as long again.
    @Test func `minutes that take long are written by several calls`() async throws {
        let minutes = "countersign.sign_in_history WHERE unit = 'minute'"
        func setPause(_ seconds: Double) async throws {
            try await Database.current.arrange(
                """
                CREATE OR REPLACE FUNCTION countersign.record_limits(moment timestamptz) RETURNS void LANGUAGE plpgsql
                SET search_path = pg_catalog, pg_temp AS $$ BEGIN PERFORM pg_sleep(\(seconds)); END $$
                """)
        }
        try await setPause(5.1)
        _ = try await record()
        #expect(try await count(minutes) == 1)
        try await setPause(0)
        _ = try await record()
        #expect(try await count(minutes) >= 10)
    }

    /// Starts of `count` networks of one portal each, `starts` of each in the minutes around the start of one that is over.
    private func start(_ starts: Int, of networks: Int, from seconds: Int) async throws {
        try await Database.current.arrangeAsSuperuser(
            """
            SET session_replication_role = replica;
            INSERT INTO countersign.auth_requests (transaction_id, requested_at, expires_at, open_until, portal_id, status,
                auth_type, method, callback_uri, message, source)
            SELECT (left(countersign.uuid_floor(at)::text, 19) || right(gen_random_uuid()::text, 17))::uuid, at,
                   at + interval '3 min', at + interval '3 min', 1, 'requested', 'qr-code', 'otp', 'https://acme.example/cb', 'x', '1/192.0.2.' || network
            FROM (SELECT n, network, date_trunc('minute', clock_timestamp()) - interval '2 min' + n * interval '1 s' AS at
                  FROM generate_series(\(seconds), \(seconds + starts - 1)) n, generate_series(1, \(networks)) network) AS x
            """)
    }

    @Test(arguments: [(4, 3, 10, 0), (5, 3, 10, 3), (5, 1, -2, 1), (4, 1, -2, 0)])
    func `networks that came to their limit are counted, over the turn of a minute, too`(
        _ starts: Int, of networks: Int, from seconds: Int, _ expected: Int
    ) async throws {
        _ = try await ConsolePortal.make()
        try await Database.current.arrange("UPDATE countersign.portals SET max_starts_per_source = 5")
        try await start(starts, of: networks, from: seconds)
        _ = try await record()
        _ = try await record()
        var owner = try await Database.current.connect()
        let reached = try await owner.run(FindReachedLimits()).all()
        #expect(reached.map(\.networks) == (expected == 0 ? [] : [expected]))
        #expect(reached.first?.minutesOfNetworks == (expected == 0 ? nil : 1))
    }

    @Test func `after somebody else's request a network has a tenth of its starts`() async throws {
        _ = try await ConsolePortal.make()
        try await Database.current.arrange("UPDATE countersign.portals SET max_starts_per_source = 20")
        try await start(2, of: 2, from: 10)
        try await Database.current.arrangeAsSuperuser(
            """
            SET session_replication_role = replica;
            UPDATE countersign.auth_requests SET deny_reason = 'not_me', status = 'denied', resolved_at = now(), open_until = NULL
            WHERE source = '1/192.0.2.1'
            """)
        _ = try await record()
        var owner = try await Database.current.connect()
        #expect(try await owner.run(FindReachedLimits()).all().map(\.networks) == [1])
    }

    @Test func `limits are seen beside the portal`() async throws {
        _ = try await ConsolePortal.make()
        _ = try await ConsolePortal.make("other")
        try await Database.current.arrangeAsSuperuser(
            """
            UPDATE countersign.portals SET max_starts_per_source = 60, over_limit = true WHERE name = 'acme';
            INSERT INTO countersign.limit_history (minute, portal_id, networks)
            SELECT now() - n * interval '1 min', 1, n FROM generate_series(2, 4) n
            UNION ALL SELECT now() - interval '61 min', 2, 7
            """)
        _ = try await record()
        try await withOperations { browser in
            let console = try await SignedIn(browser)
            let page = try await console.page("portals")
            for words in [
                "100,000 open requests, 60 a minute from one network",
                "<strong>open requests</strong> in 1 minute",
                "<strong>up to 4 networks</strong> in 3 minutes", ">2 min ago<", ">none<",
            ] { #expect(page.contains(words), "\(words)") }
            #expect(page.contains(">100,000 open requests<"))
            #expect(try await console.page("overview").contains("Networks at their limit"))
        }
    }

    @Test func `quantiles are within the root of two`() {
        #expect(TimeHistogram().quantile(0.5) == nil)
        #expect(TimeHistogram([0, 0]).quantile(0.5) == nil)
        var both = TimeHistogram([10] + Array(repeating: 0, count: 39))
        both += TimeHistogram(Array(repeating: 0, count: 39) + [1])
        #expect(both.quantile(0.5).map { $0 <= .milliseconds(1) } == true)
        #expect(both.quantile(0.99).map { $0 > .seconds(500) } == true)
    }

    @Test(arguments: [
        ([], 4), ([0], 4), ([1], 4), ([4], 4), ([5], 8), ([9], 20), ([21], 40), ([41], 80), ([99.5], 100),
        ([1_000_000], 1_000_000),
    ])
    func `an axis ends at a round number`(_ values: [Double], _ top: Double) {
        #expect(chart(values.map(Optional.init)).top == top)
    }

    @Test func `a line is broken where there is no value, and every value can be read`() throws {
        let content = chart([1, nil, 2, 4]).content(isLong: false)
        let lines = try #require(content["lines"] as? [[String: String]])
        #expect(lines.map { $0["points"] ?? "" } == ["75.0,150.0 75.0,150.0", "375.0,100.0 525.0,0.0"])
        #expect((content["columns"] as? [[String: Any]])?.last?["text"] as? String == "00:03 UTC: a 4")
        #expect((content["rows"] as? [[String: Any]])?.count == 3)
        #expect(content["spoken"] as? String == "Numbers: a 7")
        #expect(content["levels"] as? [String] == ["4", "3", "2", "1", "0"])
    }

    private func chart(_ values: [Double?]) -> Chart {
        Chart(
            id: "x", title: "Numbers",
            times: values.indices.map { Timestamp(microseconds: Int64($0) * 60_000_000) },
            series: [.init(name: "a", values: values)], format: { grouped(Int($0)) },
            legend: { grouped(Int($0.values.compactMap(\.self).reduce(0, +))) })
    }
}
