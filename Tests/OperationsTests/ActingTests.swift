import Administration
import Countersign
import Engine
import Logging
import Operations
import Postgres
import Support
import Testing
import Webhooks

/// Pausing, batch sizes, draining, log levels: told in the database, obeyed by every worker within two seconds.
@Suite(.database) struct ActingTests {
    /// The contract's two seconds, and as many for a machine with better things to do.
    private let patience = Duration.seconds(4)

    private func events() async throws -> [String] {
        var owner = try await Database.current.connect()
        return try await owner.execute("SELECT type FROM countersign.events ORDER BY event_id").map {
            try $0.text(0)
        }
    }

    @Test func `a paused stage takes nothing and goes on where it stopped`() async throws {
        let site = try await ConsolePortal.make()
        var portal = try await site.portal()
        try await withWorker(stages: [.issue]) { first in
            try await withWorker(stages: [.issue]) { second in
                #expect(try await act("stage pause", "issue") == "stage issue is paused")
                #expect(try await act("stage pause", "issue") == "stage issue is paused already")
                let workers = [first, second]
                try await eventually("both obey", timeout: patience) {
                    workers.allSatisfy { $0.context.controls.isPaused(.issue) }
                }
                let id = try await portal.run(ConsolePortal.insert)[0].identifier(0)
                for _ in 1...5 {
                    #expect(try await portal.run(ConsolePortal.awaitBriefly, [.identifier(id)])[0].isNull(0))
                }
                #expect(
                    try await portal.run(ConsolePortal.status, [.identifier(id)])[0].text(0) == "requested")
                #expect(try await act("stage resume", "issue") == "stage issue is running")
                #expect(try await !portal.run(ConsolePortal.awaitOTP, [.identifier(id)])[0].isNull(0))
            }
        }
        #expect(try await events().filter { $0.hasPrefix("stage.") } == ["stage.paused", "stage.resumed"])
    }

    @Test func `a paused portal's rows wait and lose nothing, and nobody else waits`() async throws {
        let sealer = Sealer(try MasterKeys(MasterKey.generate(id: 1)))
        let site = try await ConsolePortal.make("acme", sealer)
        let other = try await ConsolePortal.make("other", sealer)
        var portal = try await site.portal()
        var neighbour = try await other.portal()
        #expect(try await act("portal pause", "acme") == "portal acme is paused")
        try await withWorker(stages: [.issue, .dispatch], dispatch: DispatchStage(sealer: sealer)) { _ in
            var waiting: [Identifier] = []
            for _ in 1...3 { waiting.append(try await portal.run(ConsolePortal.insert)[0].identifier(0)) }
            #expect(try await portal.run(ConsolePortal.cancel, [.identifier(waiting[2])])[0].bool(0))
            let theirs = try await neighbour.run(ConsolePortal.insert)[0].identifier(0)
            #expect(try await !neighbour.run(ConsolePortal.awaitOTP, [.identifier(theirs)])[0].isNull(0))
            #expect(try await neighbour.run(ConsolePortal.cancel, [.identifier(theirs)])[0].bool(0))
            var owner = try await Database.current.connect()
            let attempted = Statement(
                "attempted",
                """
                SELECT d.attempts > 0 FROM countersign.webhook_deliveries d JOIN countersign.portals p USING (portal_id)
                WHERE p.name = $1
                """)
            try await eventually("the neighbour's webhook is tried") {
                try await owner.run(attempted, ["other"]).first?.bool(0) == true
            }
            #expect(try await owner.run(attempted, ["acme"])[0].bool(0) == false)
            #expect(try await portal.run(ConsolePortal.awaitBriefly, [.identifier(waiting[0])])[0].isNull(0))

            #expect(try await act("portal resume", "acme") == "portal acme is running")
            for id in waiting.prefix(2) {
                #expect(try await !portal.run(ConsolePortal.awaitOTP, [.identifier(id)])[0].isNull(0))
            }
            try await eventually("its webhook is tried, too") {
                try await owner.run(attempted, ["acme"])[0].bool(0)
            }
        }
    }

    @Test func `a batch is as large as operators say`() async throws {
        try await withWorker(stages: [.issue], batchSize: 300) { worker in
            #expect(worker.context.batchSize(of: .issue) == 300)
            try await act("stage batch-size", "issue", "7")
            try await eventually("it obeys", timeout: patience) { worker.context.batchSize(of: .issue) == 7 }
            try await act("stage batch-size", "issue", "default")
            try await eventually("it obeys again", timeout: patience) {
                worker.context.batchSize(of: .issue) == 300
            }
        }
        let refused = "a batch size must lie between 1 and 1000"
        await #expect(throws: AdministrationError.refused(refused)) {
            try await act("stage batch-size", "issue", "0")
        }
    }

    @Test func `a worker that is told to drain ends, and its neighbour works on`() async throws {
        let site = try await ConsolePortal.make()
        var portal = try await site.portal()
        try await withWorker(stages: [.issue]) { first in
            try await withWorker(stages: [.issue]) { second in
                var owner = try await Database.current.connect()
                let registered = Statement(
                    "registered", "SELECT EXISTS (SELECT FROM countersign.workers WHERE worker_id = $1)")
                let parameters: [Parameter] = [.identifier(first.context.workerID)]
                try await eventually("it is registered") {
                    try await owner.run(registered, parameters)[0].bool(0)
                }
                try await act("worker drain", "\(first.context.workerID)")
                try await eventually("it drains", timeout: patience) { first.context.drain.isSet }
                #expect(!second.context.drain.isSet)
                let id = try await portal.run(ConsolePortal.insert)[0].identifier(0)
                #expect(try await !portal.run(ConsolePortal.awaitOTP, [.identifier(id)])[0].isNull(0))
            }
        }
        await #expect(throws: AdministrationError.self) {
            try await act("worker drain", "\(Identifier.random())")
        }
    }

    @Test func `log levels change while it runs`() async throws {
        let levels = LogLevels(.info)
        var configuration = WorkerConfiguration(
            database: Database.current.ownerOptions, host: "test", processID: 1)
        configuration.stages = [.issue]
        configuration.logLevels = levels
        let worker = try Worker(
            configuration, sealer: .ofTests, dispatch: nil, logger: LogCapture.current.logger("worker"))
        let running = Task { await worker.run() }
        try await act("log-level set", "issue=debug")
        try await act("log-level set", "all=error")
        try await eventually("it follows", timeout: patience) {
            levels["issue"] == .debug && levels["gateway"] == .error
        }
        try await act("log-level set", "issue=default")
        try await act("log-level set", "all=default")
        try await eventually("and back", timeout: patience) {
            levels["issue"] == .info && levels["gateway"] == .info
        }
        worker.context.drain.begin()
        await running.value
        let allowed = LogLevels.modules.joined(separator: ", ")
        await #expect(throws: UnreadableInput("there is no module isue; there is \(allowed)")) {
            try await act("log-level set", "isue=debug")
        }
    }

    @Test func `a portal's limit is what inserts meet`() async throws {
        let site = try await ConsolePortal.make()
        #expect(try await act("portal limit", "acme", "1") == "portal acme may have 1 open requests")
        var portal = try await site.portal()
        try await withWorker(stages: [.housekeep]) { _ in
            try await portal.run(ConsolePortal.insert)
            try await eventually("the limit is met") {
                do {
                    try await portal.run(ConsolePortal.insert)
                    return false
                } catch {
                    return PostgresError(in: error)?.state == "CS008"
                }
            }
        }
    }

    @Test func `what there is not is refused by name`() async throws {
        _ = try await ConsolePortal.make()
        let unknown = AdministrationError.unknown(.portal, name: "nobody", existing: ["acme"])
        await #expect(throws: unknown) { try await act("portal pause", "nobody") }
        await #expect(throws: unknown) { try await act("portal limit", "nobody", "5") }
    }
}
