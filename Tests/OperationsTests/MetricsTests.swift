import CoreMetrics
import Countersign
import Engine
import Logging
import Operations
import Postgres
import Support
import Testing
import Webhooks

/// `/metrics` of a process that works, as Prometheus sees it.
@Suite(.database) struct MetricsTests {
    /// The value of a series.
    private func value(_ series: String, in text: String) -> Double? {
        text.split(separator: "\n").first { $0.hasPrefix(series + " ") }.flatMap {
            Double($0.dropFirst(series.count + 1))
        }
    }

    @Test func `one sign-in, from its code to its webhook`() async throws {
        let sealer = Sealer(try MasterKeys(MasterKey.generate(id: 1)))
        let site = try await ConsolePortal.make("acme", sealer)
        let registry = MetricRegistry()
        try await withMeteredWorker(registry, sealer) { worker in
            try await withOperations(registry: registry, notifier: worker.context.notifier) { browser in
                var portal = try await site.portal()
                let id = try await portal.run(ConsolePortal.insert)[0].identifier(0)
                _ = try await portal.run(ConsolePortal.awaitOTP, [.identifier(id)])
                #expect(try await portal.run(ConsolePortal.cancel, [.identifier(id)])[0].bool(0))
                let ended =
                    #"countersign_requests_ended_total{portal="acme",type="qr-code",end="cancelled"}"#
                var text = ""
                // A page is not of one moment: what is written first may be of before what is counted second.
                try await eventually("its end is counted") {
                    text = try await browser.get("/metrics").body
                    let attempts = text.matches(of: /countersign_webhook_attempts_total\{class="\w+"\} 1\n/)
                    return attempts.count == 1 && value(ended, in: text) != nil
                }
                #expect(value(ended, in: text) == 1)
                // What has not happened is there, too: rate() sees no first event of a series that begins with it.
                for kind in ["08", "40", "57", "client"] {
                    let errors = #"countersign_stage_errors_total{stage="issue",class="\#(kind)"}"#
                    #expect(value(errors, in: text) == 0)
                }
                #expect(value(#"countersign_webhook_attempts_total{class="tls"}"#, in: text) == 0)
                #expect(value(#"countersign_stage_rows_total{stage="issue"}"#, in: text) == 1)
                #expect(value(#"countersign_time_to_code_seconds_count"#, in: text) == 1)
                #expect(value(#"countersign_time_to_code_seconds_bucket{le="60"}"#, in: text) == 1)
                #expect(value(#"countersign_queue_depth{stage="issue"}"#, in: text) == 0)
                #expect(value(#"countersign_workers{stage="issue"}"#, in: text) == 1)
                #expect(value("countersign_database_up", in: text) == 1)
                #expect(!text.contains(id.description) && !text.contains("https"))

                let checked = try await runProgram(
                    Checkout.tool("promtool"), ["check", "metrics"], input: text)
                #expect(checked.status == 0)
                #expect(checked.text == "")
                for line in text.split(separator: "\n") where line.hasPrefix("# HELP") {
                    let words = line.split(separator: " ")
                    #expect(words[2] != words[3], "no help for \(words[2])")
                }
            }
        }
    }

    private func withMeteredWorker(
        _ registry: MetricRegistry, _ sealer: Sealer, _ body: (Worker) async throws -> Void
    ) async throws {
        var configuration = WorkerConfiguration(
            database: Database.current.ownerOptions, host: "test", processID: 1)
        configuration.metrics = registry
        let worker = try Worker(
            configuration, sealer: sealer, dispatch: DispatchStage(sealer: sealer),
            logger: LogCapture.current.logger("worker"))
        let running = Task { await worker.run() }
        defer { worker.context.drain.begin() }
        try await body(worker)
        worker.context.drain.begin()
        await running.value
    }

    @Test func `without the database it shows what the process has counted`() async throws {
        let registry = MetricRegistry()
        registry.makeCounter(label: "countersign_bell_rings_total", dimensions: [("stage", "issue")])
            .increment(by: 3)
        let gone = ConnectionOptions(url: "postgres://x@127.0.0.1:1/x", environment: [:])
        try await withOperations(gone, registry: registry) { browser in
            let text = try await browser.get("/metrics").body
            #expect(value("countersign_database_up", in: text) == 0)
            #expect(value(#"countersign_bell_rings_total{stage="issue"}"#, in: text) == 3)
            #expect(try await browser.get("/healthz").status == 200)
            let ready = try await browser.get("/readyz")
            #expect(ready.status == 503 && ready.body.hasPrefix("error database: cannot be asked"))
            #expect(!LogCapture.current.text.contains("postgres://"))
        }
    }

    /// A monitor login sees figures and no user.
    @Test(arguments: [TestLogin.Group.monitor, .worker, .gateway, .admin])
    func `any of the operating groups can ask`(group: TestLogin.Group) async throws {
        let login = try await Database.current.makeLogin("asks", in: group)
        try await withOperations(Database.current.options(login: login)) { browser in
            let answer = try await browser.get(
                "/metrics", headers: [("accept", "application/openmetrics-text")])
            #expect(answer.body.contains("countersign_queue_depth{stage=\"issue\"} 0"))
            #expect(answer.header("content-type")?.hasPrefix("application/openmetrics-text") == true)
        }
    }
}
