import Countersign
import Foundation
import Postgres
import Support
import Synchronization
import Testing

/// Every alert of scripts/monitoring on a fault that is real: a Prometheus scrapes two workers and a gateway, and evaluates the very
/// file, in which only times are shorter (see `Prometheus.shortened`).
@Suite(.database) struct AlertTests {
    @Test
    func `each alert is silent while all is well, fires on its fault, and clears after it`() async throws {
        try await withFaultySite { site in
            try await Prometheus.run(scraping: site.ports) { prometheus in
                try await site.signIn()
                try await prometheus.takeRules()
                try await prometheus.waitForSilence()
                #expect(try await prometheus.fired() == [])

                try await site.breakWhatCanBreakAtOnce()
                try await prometheus.wait(for: FaultySite.alerts)
                #expect(try await prometheus.alerts() == FaultySite.alerts)
                try await site.mend()
                try await prometheus.waitForSilence()

                var superuser = try await Database.current.connectAsSuperuser()
                try await site.refuseConnections(&superuser)
                try await prometheus.wait(for: FaultySite.alertsOfALostDatabase)
                try await site.allowConnections(&superuser)
                try await prometheus.waitForSilence(of: FaultySite.alertsOfALostDatabase)

                try await site.letBatchesTimeOut()
                try await prometheus.wait(for: ["CountersignBatchesTimeOut issue"])
                try await site.letBatchesPass()
                try await prometheus.waitForSilence()

                try await site.loseHistory()
                try await prometheus.wait(for: ["CountersignHistoryGoneBack"])
                try await site.lookAfterHistory()
                try await prometheus.waitForSilence()

                for program in site.programs { try await program.kill() }
                try await prometheus.wait(for: ["CountersignDown"])
                for program in site.programs { try await program.startAgain() }
                try await prometheus.waitForSilence()
                #expect(try await prometheus.fired() == prometheus.names)
            }
        }
    }

    private func withFaultySite(_ body: (FaultySite) async throws -> Void) async throws {
        let isWell = Mutex(true)
        try await Receiver.run(host: "0.0.0.0") { _, received in
            isWell.withLock(\.self) ? .status(204) : received.path == "/hang" ? .silence : .status(500)
        } _: { receiver in
            try await body(
                try await FaultySite.make(port: receiver.port) { answers in isWell.withLock { $0 = answers } }
            )
        }
    }
}
