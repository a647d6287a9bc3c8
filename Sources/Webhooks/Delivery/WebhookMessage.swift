import Countersign
package import Postgres

/// What a portal is told when one of its requests has ended, as Standard Webhooks 1.0.0 and as the callback of
/// the Access API at once. Thin: no user and no code, so that whoever reads it in transit learns nothing.
package struct WebhookMessage: Sendable {
    /// `webhook-id`, the same over all retries: the transaction id, and after a restore the number of the epoch that has
    /// ended the request, because the portal may have been told another end under the id alone.
    package let id: String
    package let body: [UInt8]

    package init(
        transactionID: Identifier, epoch: Int? = nil, status: String, denyReason: String? = nil,
        callbackURI: String, occurredAt: Timestamp
    ) {
        let transaction = transactionID.description
        id = epoch.map { "\(transaction)-\($0)" } ?? transaction
        // Written once, by hand: JSONEncoder took 15 us of the 60 us that a delivery cost here. Sorted by name.
        var text = "{\"callback_uri\":"
        appendJSONString(callbackURI, to: &text)
        text += ",\"data\":{"
        if let denyReason {
            text += "\"reason\":"
            appendJSONString(denyReason, to: &text)
            text += ","
        }
        text += "\"status\":"
        appendJSONString(status, to: &text)
        text += ",\"transaction_id\":\"\(transaction)\"},\"timestamp\":\"\(occurredAt)\""
        text += ",\"transaction_id\":\"\(transaction)\""
        text += ",\"type\":\"mobile_authentication.completed\"}"
        body = Array(text.utf8)
    }

    /// Headers of one attempt at `seconds` since 1970.
    package func headers(at seconds: Int64, _ signer: WebhookSigner) throws -> [(name: String, value: String)]
    {
        [
            ("content-type", "application/json"),
            ("user-agent", "countersign"),
            ("webhook-id", id),
            ("webhook-timestamp", "\(seconds)"),
            ("webhook-signature", try signer.signature(id: id, seconds: seconds, body: body)),
        ]
    }
}
