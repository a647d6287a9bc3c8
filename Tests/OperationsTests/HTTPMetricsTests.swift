import Countersign
import HTTPService
import Operations
import Postgres
import Support
import Testing

/// What a server of ours counts of its clients, by the example of the operations server.
@Suite(.database) struct HTTPMetricsTests {
    private func port(of browser: Browser) throws -> Int {
        try #require(Int(browser.base.split(separator: ":").last ?? ""))
    }

    @Test func `requests by route, method and status, and never by a path or an id`() async throws {
        try await withOperations { browser in
            for _ in 0..<2 { #expect(try await browser.get("/healthz").status == 200) }
            _ = try await browser.get("/walter-\(Identifier.random())?id=walter")
            _ = try await browser.get("/console/requests/walter")
            _ = try await RawHTTP(port: try port(of: browser)).send(
                "PROPFIND /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n")
            let text = try await browser.get("/metrics").body
            let requests = #"countersign_http_requests_total{server="operations",route="#
            #expect(text.contains("\(requests)\"/healthz\",method=\"GET\",status=\"200\"} 2\n"))
            #expect(text.contains("\(requests)\"-\",method=\"GET\",status=\"404\"}"))
            #expect(text.contains("\(requests)\"/healthz\",method=\"TRACE\",status=\"405\"} 1\n"))
            #expect(
                text.contains(
                    #"countersign_http_request_seconds_count{server="operations",route="/healthz"} 3"#))
            #expect(text.contains(#"countersign_http_refusals_total{server="operations",code="not_found"}"#))
            #expect(!text.lowercased().contains("walter"))
            let checked = try await runProgram(
                Checkout.tool("promtool"), ["check", "metrics"], input: text)
            #expect(checked.status == 0 && checked.text == "")
        }
    }

    @Test func `what is refused before it is a request`() async throws {
        try await withOperations(configure: { $0.http.limits.headTimeout = .seconds(2) }) { browser in
            let http = RawHTTP(port: try port(of: browser))
            #expect(try await http.send("GET /healthz HTTP/1.1\r\nHost: x\r\nX-Endless: ").status == 408)
            #expect(try await http.send("GET /healthz HTTP/1.1\r\nHost: a/b\r\n\r\n").status == 400)
            #expect(try await http.send("nonsense\r\n\r\n").status == 400)
            let foreign = try await browser.get("/healthz", headers: [("host", "evil.example")])
            #expect(foreign.status == 421)
            let text = try await browser.get("/metrics").body
            for (code, count) in [
                ("timeout", 1), ("not_http", 2), ("misdirected_request", 1), ("no_place", 0),
            ] {
                #expect(
                    text.contains(
                        "countersign_http_refusals_total{server=\"operations\",code=\"\(code)\"} \(count)\n"),
                    "\(code)")
            }
        }
    }

    @Test func `clients that are connected, and those for whom there is no place`() async throws {
        try await withOperations(
            configure: {
                ($0.http.limits.connections, $0.http.limits.connectionsPerAddress) = (50, 5)
            }
        ) { browser in
            func open(_ count: Int) async throws -> Bool {
                try await browser.get("/metrics").body.contains(
                    "countersign_http_open_connections{server=\"operations\"} \(count)\n")
            }
            try await eventually("only the one who asks") { try await open(1) }
            var connections: [RawConnection] = []
            for _ in 0..<5 {
                connections.append(try await RawConnection.open(try port(of: browser), from: "127.0.0.2"))
            }
            try await eventually("they are counted") { try await open(6) }
            // It keeps us waiting least of its address, and so another goes.
            connections.append(try await RawConnection.open(try port(of: browser), from: "127.0.0.2"))
            try await eventually("one made room") {
                try await browser.get("/metrics").body.contains(
                    #"countersign_http_refusals_total{server="operations",code="made_room"} 1"#)
            }
            for connection in connections { await connection.close() }
            try await eventually("they have gone") { try await open(1) }
            #expect(
                try await browser.get("/metrics").body.contains(
                    #"countersign_http_connection_limit{server="operations"} 50"#))
        }
    }

    @Test func `dead webhooks by when they died, and breakers by state`() async throws {
        var owner = try await Database.current.connect()
        _ = try await ConsolePortal.make()
        try await owner.execute(
            """
            INSERT INTO countersign.dead_deliveries (transaction_id, died_at, portal_id)
            SELECT gen_random_uuid(), clock_timestamp() - age, portal_id
            FROM countersign.portals, unnest('{1 min,59 min,61 min,3 days,20 days}'::interval[]) AS age;
            INSERT INTO countersign.webhook_endpoints (portal_id, origin, state, changed_at, open_until)
            SELECT portal_id, 'https://' || n, state, clock_timestamp(), clock_timestamp()
            FROM countersign.portals, unnest('{open,open,half_open,closed}'::text[]) WITH ORDINALITY AS x (state, n)
            """)
        try await withOperations { browser in
            let text = try await browser.get("/metrics").body
            for (series, value) in [
                (#"webhooks_dead{died="last_hour"}"#, 2), (#"webhooks_dead{died="earlier"}"#, 3),
                (#"breakers{state="open"}"#, 2), (#"breakers{state="half_open"}"#, 1),
            ] { #expect(text.contains("countersign_\(series) \(value)\n"), "\(series)") }
        }
    }

    @Test func `whether each listener answers`() async throws {
        let listener = Notifier(Database.current.ownerOptions)
        try await withOperations(notifier: listener) { browser in
            func says(_ alive: Int) async throws -> Bool {
                try await browser.get("/metrics").body.contains(
                    "countersign_listener_up{listener=\"worker\"} \(alive)\n")
            }
            #expect(try await says(0))
            let running = Task { await listener.run() }
            defer { running.cancel() }
            try await eventually("it listens") { try await says(1) }
        }
        try await withOperations { browser in
            let text = try await browser.get("/metrics").body
            #expect(!text.contains("countersign_listener_up"))
        }
    }
}
