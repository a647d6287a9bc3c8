import Foundation
import Postgres
import Support
import Testing

/// A worker whose machine's clock is wrong (libfaketime).
@Suite(.database) struct WebhookClockTests {
    private static let library = ["x86_64", "aarch64"].map {
        "/usr/lib/\($0)-linux-gnu/faketime/libfaketimeMT.so.1"
    }.first(where: FileManager.default.fileExists)

    @Test(arguments: ["-10m", "+10m"]) func `webhooks carry the database's time`(offset: String) async throws
    {
        let library = try #require(Self.library, "libfaketime is missing: run scripts/packages")
        try await Receiver.run { _, _ in
            .status(204)
        } _: { receiver in
            let workers = WebhookWorkers()
            let (shell, _) = try await workers.arrange(receiver.address, count: 3)
            let worker = try workers.start(
                shell.with("LD_PRELOAD", library).with("FAKETIME", offset).with(
                    "FAKETIME_DONT_FAKE_MONOTONIC", "1"),
                // The library begins by adding to the environment, after which Swift does not find the arguments any
                // more; whom a program that has it already becomes, it adds nothing for.
                by: "/usr/bin/env")
            try await receiver.wait(for: 3)
            worker.terminate()
            let outcome = try await worker.outcome()
            var owner = try await Database.current.connect()
            let now = try await owner.execute("SELECT extract(epoch FROM clock_timestamp())::bigint")[0].int(
                0)
            for request in receiver.received {
                let sent = try #require(request.header("webhook-timestamp").flatMap { Int($0) })
                #expect(abs(sent - now) < 300, "\(outcome.text)")
            }
            let tries =
                "SELECT count(*) FROM countersign.webhook_tries WHERE started_at < clock_timestamp() - interval '5 min'"
            #expect(try await owner.execute(tries)[0].int(0) == 0)
            // The clock was wrong indeed: lines of the log carry it.
            let logged = try #require(outcome.text.firstMatch(of: /\d{4}-\d\d-\d\dT[\d:.]+Z/)).output
            let isBehind = logged < "\(Timestamp.now().advanced(by: .seconds(-300)))"
            let isAhead = logged > "\(Timestamp.now().advanced(by: .seconds(300)))"
            #expect(outcome.status == 0 && (offset.hasPrefix("-") ? isBehind : isAhead), "\(logged)")
        }
    }
}
