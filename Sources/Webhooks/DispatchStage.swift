package import Countersign
import Logging
import Postgres

/// Posts webhooks: claims due deliveries with a lease, sends them with no transaction open, and writes the
/// results of many in one statement. At least once: a crash after sending and before writing lets the lease
/// run out, and the same webhook is sent again with the same id.
package struct DispatchStage: LongRunningStage {
    /// Limits of one process.
    package struct Limits: Sendable {
        /// Deliveries in flight at once.
        package var total = 256
        /// Of these, to one portal: a slow receiver keeps only its own portal waiting.
        package var perPortal = 8
        /// Longer than any attempt (10 s) by enough to write it down.
        package var leaseSeconds = 30.0
        package var delivery = DeliveryClient.Limits()
        /// After the drain begins; what is still in flight then is given back.
        package var drain = Duration.seconds(8)

        package init() {}
    }

    private let secrets: PortalSecrets
    private let limits: Limits

    package init(sealer: Sealer, limits: Limits = Limits()) {
        secrets = PortalSecrets(sealer: sealer)
        self.limits = limits
    }

    package func run(_ context: WorkerContext) async {
        let client = DeliveryClient(limits.delivery)
        await withDiscardingTaskGroup { group in
            var loop = DispatchLoop(context, limits)
            let (secrets, logger, meters) = (secrets, context.logger, context.meters)
            await loop.run { [inFlight = loop.inFlight] delivery in
                group.addTask(name: "delivery") {
                    await Attempt(client: client, secrets: secrets, logger: logger, meters: meters).run(
                        delivery, inFlight)
                }
            }
            group.cancelAll()
        }
        await client.shutdown()
    }
}

/// One attempt to deliver, from the claimed row to the result.
struct Attempt {
    let client: DeliveryClient
    let secrets: PortalSecrets
    let logger: Logger
    let meters: RequestMeters

    func run(_ delivery: Delivery, _ inFlight: InFlight) async {
        let started = Timestamp.now()
        let begun = ContinuousClock.now
        let result = await send(delivery, at: started)
        let took = begun.duration(to: .now)
        guard !Task.isCancelled else { return }  // given back
        meters.attempted(result.failure?.rawValue ?? "delivered", took: took)
        let acknowledgement = Acknowledgement(
            delivery, startedAt: started, milliseconds: Int(took / .milliseconds(1)), result: result)
        logger.debug(
            "webhook attempted",
            metadata: [
                "transaction": "\(delivery.transactionID)", "attempt": "\(delivery.attempt)",
                "outcome": "\(acknowledgement.outcome.rawValue)", "status": "\(result.statusCode ?? 0)",
            ])
        inFlight.end(acknowledgement)
    }

    private func send(_ delivery: Delivery, at started: Timestamp) async -> DeliveryResult {
        do {
            let message = try WebhookMessage(
                transactionID: delivery.transactionID, status: delivery.status,
                callbackURI: delivery.callbackURI, occurredAt: delivery.occurredAt)
            let seconds = started.microseconds / 1_000_000
            var headers = message.headers(at: seconds, secret: try secrets.signingSecret(delivery))
            if let basic = try secrets.basicAuthorization(delivery) {
                headers.append(("authorization", basic))
            }
            if let trace = delivery.traceparent { headers.append(("traceparent", trace)) }
            return await client.post(message.body, to: delivery.callbackURI, headers: headers)
        } catch {
            logger.error(
                "webhook cannot be signed: a sealed secret does not open with the master keys given",
                metadata: ["transaction": "\(delivery.transactionID)", "portal": "\(delivery.portalID)"])
            return DeliveryResult(failure: .secret)
        }
    }
}
