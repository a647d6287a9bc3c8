import Countersign
import Engine
import Logging
import Postgres
import Tracing

/// One attempt to deliver, from the claimed row to the result.
struct DeliveryAttempt: Sendable {
    let client: DeliveryClient
    let secrets: PortalSecrets
    let clock: DatabaseClock
    let logger: Logger
    let meters: RequestMeters
    let statistics: StageStatistics
    let unopened: UnopenedSecrets

    /// What is sent, but for what only this attempt's trace adds.
    private struct Prepared {
        let body: [UInt8]
        var headers: [(name: String, value: String)]
        /// What no record of the answer may show.
        var secrets: [String] = []
    }

    /// Sends it, and then what has waited for it.
    func run(_ first: Delivery, _ inFlight: DeliveriesInFlight) async {
        var next: Delivery? = first
        while let delivery = next { next = await attempt(delivery, inFlight) }
    }

    /// Returns the delivery that is next.
    private func attempt(_ delivery: Delivery, _ inFlight: DeliveriesInFlight) async -> Delivery? {
        let started = clock.now
        let prepared: Prepared
        do {
            prepared = try prepare(delivery, at: started)
        } catch {
            // Another worker may have the key, or the portal gets a new secret: that must not cost it attempts.
            statistics.failed(error)
            if unopened.note(error) {
                let fields = delivery.metadata.merging(["error": "\(error)"]) { $1 }
                logger.error(
                    "webhooks wait: a secret does not open with the master keys of this worker",
                    metadata: fields)
            }
            inFlight.putOff(delivery)
            return nil
        }
        count(delivery)
        let begun = ContinuousClock.now
        let span = SpanTracer.current?.startSpan(
            "POST webhook", parent: delivery.traceparent, ofKind: .client)
        let result = await send(
            delivery, prepared, traceparent: span?.trace.text ?? delivery.traceparent)
        let took = begun.duration(to: .now)
        guard !Task.isCancelled else { return nil }  // given back
        meters.attempted(result.failure?.rawValue ?? "delivered", took: took)
        span?.end(delivery, result)
        let acknowledgement = Acknowledgement(
            delivery, startedAt: started, milliseconds: Int(took / .milliseconds(1)), result: result)
        let isDead = acknowledgement.outcome == .dead
        logger.log(
            level: isDead ? .notice : .debug, isDead ? "webhook given up" : "webhook attempted",
            metadata: acknowledgement.metadata)
        return inFlight.end(acknowledgement)
    }

    private func count(_ delivery: Delivery) {
        guard delivery.attempt == 1 else { return statistics.meters.retried() }
        meters.ended(
            portal: delivery.portal, type: delivery.authenticationType ?? "unknown", end: delivery.status,
            took: delivery.transactionID.time.duration(to: delivery.occurredAt))
    }

    /// Throws when a secret cannot be opened, or used.
    private func prepare(_ delivery: Delivery, at started: Timestamp) throws -> Prepared {
        let message = WebhookMessage(
            transactionID: delivery.transactionID, epoch: delivery.epoch, status: delivery.status,
            denyReason: delivery.denyReason, callbackURI: delivery.callbackURI,
            occurredAt: delivery.occurredAt)
        let seconds = started.microseconds / 1_000_000
        var prepared = Prepared(
            body: message.body, headers: try message.headers(at: seconds, try secrets.signer(delivery)))
        if let basic = try secrets.basicAuthorization(delivery) {
            prepared.headers.append(("authorization", basic.value))
            prepared.secrets = [basic.value, String(basic.value.dropFirst(6)), basic.password]
        }
        return prepared
    }

    private func send(
        _ delivery: Delivery, _ prepared: Prepared, traceparent: String?
    ) async -> DeliveryResult {
        guard delivery.isListed else {
            return DeliveryResult(
                failure: .address,
                detail: "refused: the address is no longer one of the portal's callback addresses; "
                    + "countersign callback add lists it")
        }
        var headers = prepared.headers
        if let trace = traceparent { headers.append(("traceparent", trace)) }
        var result = await client.post(
            prepared.body, to: delivery.callbackURI, of: delivery.portalID, headers: headers)
        result.redact(prepared.secrets)
        return result
    }
}

extension DeliveryResult {
    /// A receiver that shows what it was sent (an error page, a debugger) must not bring its password into the
    /// record of deliveries. Passwords of less than four characters would hide ordinary text instead.
    mutating func redact(_ secrets: [String]) {
        let long = secrets.map { Array($0.utf8) }.filter { $0.count >= 4 }
        guard !long.isEmpty else { return }
        // By bytes: a mark that combines with its end would hide a secret from a comparison of characters.
        var bytes = Array(body.utf8)
        for secret in long { bytes = bytes.replacing(secret, with: Self.redacted) }
        // The body was cut before, and what is left of a secret at its end may be most of it.
        for secret in long {
            let cut = (4..<secret.count).reversed().first {
                bytes.suffix($0).elementsEqual(secret.prefix($0))
            }
            if let cut { bytes = bytes.dropLast(cut) + Self.redacted }
        }
        // The words in their place are longer than some secrets, and the database keeps 8,192 bytes.
        body = String(decoding: bytes.prefix(4_096), as: UTF8.self)
    }

    private static let redacted = Array("[redacted]".utf8)
}

extension Delivery {
    /// What a line about it names.
    fileprivate var metadata: Logger.Metadata {
        var fields: Logger.Metadata = [
            "transaction_id": .string(transactionID.description), "portal": .string(portal),
            "attempt": "\(attempt)",
        ]
        if let trace = traceparent.flatMap(TraceParent.init) {
            fields["trace_id"] = .string(trace.traceID)
            fields["span_id"] = .string(trace.spanID)
        }
        return fields
    }
}

extension RecordedSpan {
    /// Neither the address nor the user: the transaction's id leads to both, for those who may see them.
    fileprivate func end(_ delivery: Delivery, _ result: DeliveryResult) {
        updateAttributes { attributes in
            attributes["http.request.method"] = "POST"
            attributes["http.request.resend_count"] = delivery.attempt - 1
            attributes["countersign.transaction_id"] = delivery.transactionID.description
            attributes["countersign.portal"] = delivery.portal
            if let code = result.statusCode { attributes["http.response.status_code"] = code }
            if let failure = result.failure { attributes["error.type"] = failure.rawValue }
        }
        if result.failure != nil { setStatus(.init(code: .error)) }
        end()
    }
}

extension Acknowledgement {
    fileprivate var metadata: Logger.Metadata {
        var fields = delivery.metadata
        fields["outcome"] = .string(outcome.rawValue)
        fields["ms"] = "\(milliseconds)"
        if let code = result.statusCode { fields["status"] = "\(code)" }
        if let failure = result.failure { fields["error"] = .string(failure.rawValue) }
        return fields
    }
}
