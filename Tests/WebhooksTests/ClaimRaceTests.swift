import Countersign
import Engine
import Postgres
import Support
import Testing

@testable import Webhooks

/// A row that somebody else changes while it is claimed, or while what came of it is written down.
@Suite(.database) struct ClaimRaceTests {
    private let site = WebhookSite()
    private let claim = ClaimDeliveries(
        offer: DeliverySlots.Offer(rows: 100, portalShare: 100, exceptions: "{}"), leaseSeconds: 30,
        after: WebhookEndpoint(portalID: 0, origin: ""))

    /// The claim has seen both rows, holds the first and has not come to the second, which is leased or given back
    /// meanwhile. It leases a row by its place, and what has another place by now is left to the next claim.
    @Test(arguments: [("due_at + interval '1 hour'", false), ("due_at - interval '1 s'", true)])
    func `what is changed under a claim is claimed once, by the next or by nobody`(
        due: String, isDue: Bool
    ) async throws {
        let portal = try await site.addPortal()
        let url = "http://127.0.0.1:1/cb"
        try await site.addCallback(url, of: portal)
        let ids = try await site.end(2, at: url, of: portal)
        try await Database.current.arrangeAsSuperuser(
            """
            UPDATE countersign.dispatch_queue SET due_at = queued_at;
            CREATE TABLE public.gate ();
            GRANT USAGE ON SCHEMA public TO PUBLIC;
            GRANT SELECT ON public.gate TO PUBLIC;
            CREATE FUNCTION public.pass() RETURNS trigger LANGUAGE plpgsql AS
                $$ BEGIN PERFORM FROM public.gate; RETURN NEW; END $$;
            CREATE TRIGGER pass BEFORE UPDATE ON countersign.dispatch_queue FOR EACH ROW WHEN (NEW.leased)
                EXECUTE FUNCTION public.pass();
            """)
        var other = try await Database.current.connectAsSuperuser()
        try await other.execute("SET lock_timeout = '5 s'; BEGIN; LOCK public.gate")
        let options = try await Database.current.stageOptions()
        async let claimed = claimAll(options)
        try await Database.current.waitForBlockedSession()
        var changing = try await Database.current.connectAsSuperuser()
        let second = try #require(try await queued().last)
        try await changing.execute(
            """
            SET lock_timeout = '5 s';
            UPDATE countersign.dispatch_queue SET token = token + 7, due_at = \(due) WHERE transaction_id = '\(second)'
            """)
        try await other.execute("COMMIT")
        let first = try await claimed
        let next = try await claimAll(options)
        #expect(first.map(\.transactionID) == ids.filter { $0 != second })
        #expect(next.map(\.transactionID) == (isDue ? [second] : []))
        #expect(next.map(\.token) == (isDue ? [8] : []))
    }

    /// Its lease has run out, and another worker has it by the time that the first comes to write.
    @Test(arguments: [204, 503, 410]) func `a result is not written once the row is claimed anew`(
        status: Int
    ) async throws {
        _ = try await site.endedRequest("http://127.0.0.1:1/cb")
        let options = try await Database.current.stageOptions()
        let claimed = try #require(try await claimAll(options).first)
        var other = try await Database.current.connectAsSuperuser()
        try await other.execute("BEGIN; UPDATE countersign.dispatch_queue SET token = token + 1")
        async let written = acknowledge(claimed, status, options)
        try await Database.current.waitForBlockedSession()
        try await other.execute("COMMIT")
        #expect(try await written == 0)
        let row = try await other.execute("SELECT token, leased FROM countersign.dispatch_queue")
        #expect(try row.map { "\(try $0.text(0)) \(try $0.text(1))" } == ["2 t"])
    }

    private func acknowledge(
        _ delivery: Delivery, _ status: Int, _ options: ConnectionOptions
    ) async throws -> Int {
        let result = DeliveryResult(statusCode: status, failure: status == 204 ? nil : .status)
        var worker = try await Connection.open(options)
        return try await worker.run(
            AcknowledgeDeliveries(
                acknowledgements: [
                    Acknowledgement(delivery, startedAt: .now(), milliseconds: 5, result: result)
                ],
                days: .recent)
        ).one()
    }

    private func claimAll(_ options: ConnectionOptions) async throws -> [Delivery] {
        var worker = try await Connection.open(options)
        return try await worker.run(claim).all()
    }

    /// As a claim takes them.
    private func queued() async throws -> [Identifier] {
        var superuser = try await Database.current.connectAsSuperuser()
        return try await superuser.execute(
            "SELECT transaction_id::text FROM countersign.dispatch_queue ORDER BY due_at, transaction_id"
        ).map { try #require(Identifier(try $0.text(0))) }
    }
}
