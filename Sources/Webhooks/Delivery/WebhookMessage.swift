import Countersign
package import Postgres

/// What a portal is told when one of its requests has ended, as Standard Webhooks 1.0.0 and as the callback of
/// the Access API at once. Thin: no user and no code, so that whoever reads it in transit learns nothing.
package struct WebhookMessage: Sendable {
    /// `webhook-id`, the same over all retries: the transaction id.
    package let id: String
    package let body: [UInt8]

    package init(transactionID: Identifier, status: String, callbackURI: String, occurredAt: Timestamp) {
        id = transactionID.description
        let content = Body(
            callback_uri: callbackURI, data: .init(status: status, transaction_id: id),
            timestamp: occurredAt.description, transaction_id: id)
        body = Array(jsonText(content).utf8)
    }

    private struct Body: Encodable {
        struct Details: Encodable {
            let status: String
            let transaction_id: String
        }
        let callback_uri: String
        let data: Details
        let timestamp: String
        let transaction_id: String
        let type = "mobile_authentication.completed"
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
