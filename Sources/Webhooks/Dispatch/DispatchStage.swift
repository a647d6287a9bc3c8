package import Countersign
package import Engine
import Logging
import Postgres
package import Resolver

/// Posts webhooks: claims due deliveries with a lease, sends them with no transaction open, and writes the
/// results of many in one statement. At least once: a crash after sending and before writing lets the lease
/// run out, and the same webhook is sent again with the same id.
package struct DispatchStage: LongRunningStage {
    /// Limits of one process. Those of an endpoint are its portal's, in the database.
    package struct Limits: Sendable {
        /// Deliveries sent at once; twice as many may be claimed.
        package var total = 512
        /// Longer than any attempt (10 s) by enough to write it down.
        package var leaseSeconds = 30.0
        package var delivery = DeliveryClient.Limits()
        package var lookups = NameResolver.Limits()
        /// Asked instead of those of /etc/resolv.conf: addresses with ports, by commas.
        package var nameServers: String?
        /// After the drain begins; what is still in flight then is given back.
        package var drain = Duration.seconds(8)
        /// For how long an endpoint is left to other workers when its secrets do not open here.
        package var putOff = Duration.seconds(10)

        package init() {}
    }

    /// As many as a portal may set (`portals_webhook_concurrency`); claims bound what is really opened.
    private static let mostConnections = 100

    /// What this worker's master keys have not opened.
    package let unopened = UnopenedSecrets()
    private let secrets: PortalSecrets
    private let policy: AddressPolicy
    private let trustRoots: TrustRoots
    private let limits: Limits

    package init(
        sealer: Sealer, policy: AddressPolicy = AddressPolicy(), trustRoots: TrustRoots = .none,
        limits: Limits = Limits()
    ) {
        secrets = PortalSecrets(sealer: sealer)
        (self.policy, self.trustRoots, self.limits) = (policy, trustRoots, limits)
    }

    package func run(_ context: WorkerContext) async {
        context.meters.expectAttempts(DeliveryResult.classes)
        let resolver = NameResolver(limits.lookups, servers: limits.nameServers)
        let client = DeliveryClient(
            limits.delivery, policy: policy, trustRoots: trustRoots, connections: Self.mostConnections,
            clock: context.clock
        ) { try await resolver.addresses(of: $0, for: $1) }
        await withDiscardingTaskGroup { group in
            var loop = DispatchLoop(context, limits)
            let attempt = DeliveryAttempt(
                client: client, secrets: secrets, clock: context.clock,
                logger: context.logger(of: .dispatch), meters: context.meters,
                statistics: context.figures(of: .dispatch), unopened: unopened)
            await loop.run { [inFlight = loop.inFlight] delivery in
                group.addTask(name: "delivery") { await attempt.run(delivery, inFlight) }
            }
            resolver.close()
            group.cancelAll()
        }
        await client.shutdown()
    }
}
