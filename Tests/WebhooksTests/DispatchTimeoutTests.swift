import Postgres
import Support
import Testing

/// Exchanges of the dispatch stage that the server takes too long for.
@Suite(.database) struct DispatchTimeoutTests {
    private let site = WebhookSite()

    /// 64 rows of 30 ms each take two seconds, and a statement may take one.
    @Test(arguments: [
        "countersign.dispatch_queue FOR EACH ROW WHEN (NEW.leased)",
        "countersign.webhook_deliveries FOR EACH ROW WHEN (NEW.status = 'delivered')",
    ])
    func `an exchange that takes too long is halved until one passes, and that is said once`(
        update: String
    ) async throws {
        try await Receiver.run { _, _ in
            .status(204)
        } _: { receiver in
            let portal = try await site.addPortal()
            try await site.addCallback(receiver.address, of: portal)
            try await site.end(100, at: receiver.address, of: portal)
            try await Database.current.arrangeAsSuperuser(
                """
                UPDATE countersign.portals SET webhook_concurrency = 100;
                CREATE FUNCTION public.slow() RETURNS trigger LANGUAGE plpgsql AS
                    $$ BEGIN PERFORM pg_sleep(0.03); RETURN NEW; END $$;
                CREATE TRIGGER slow BEFORE UPDATE ON \(update) EXECUTE FUNCTION public.slow();
                """)
            try await site.dispatching(batchSize: 64, statementLimit: .seconds(1)) { _ in
                let left = "SELECT count(*) FROM countersign.webhook_deliveries WHERE status <> 'delivered'"
                try await Database.current.wait(until: left, is: 0)
            }
            #expect(receiver.received.count == 100, "each is sent once")
        }
        let said = LogCapture.current.lines.filter { $0.contains("batch took too long") }
        try #require(said.count == 1, "\(said)")
        #expect(said[0].contains("stage=dispatch") && said[0].contains("[57014]"))
        #expect(!LogCapture.current.text.contains("dispatch failed"))
    }
}
