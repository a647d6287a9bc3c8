import Postgres

/// What became of a request: the fields of the Access API, and two of ours.
struct TransactionResult: Encodable, Sendable {
    struct Reason: Encodable, Sendable {
        let reason: String
        let description: String
    }

    let callback_uri: String
    let transaction_id: String
    /// When the request was made, in milliseconds since 1970.
    let timestamp: Int64
    let status: String
    let reference: String?
    let is_authenticated: Bool
    let authentication_method: String
    let user_id: String?
    let device_id: String?
    let signature: String?
    let signature_verified: Bool?
    let user_public_key: String?
    let not_authenticated_reason: Reason?

    /// Whether it will never change again.
    var isFinal: Bool { !["requested", "issued", "scanned"].contains(status) }

    init(_ row: Row) throws(DecodingFailure) {
        transaction_id = try row.identifier(0).description
        reference = try row.optionalText(1)
        callback_uri = try row.text(2)
        status = try row.text(3)
        let isAuthenticated = try row.optionalBool(4)
        is_authenticated = isAuthenticated ?? false
        user_id = try row.optionalText(5)
        device_id = try row.optionalText(6)
        authentication_method = try row.text(7)
        signature_verified = try row.optionalBool(8)
        signature = try row.optionalText(9)
        timestamp = try row.timestamp(10).microseconds / 1_000
        user_public_key = try row.optionalText(11)
        not_authenticated_reason = isAuthenticated == true ? nil : Self.reasons[status]
    }

    /// Why it has failed for good; an open request has none.
    private static let reasons = [
        // The name that the Access API has for it.
        "denied": Reason(reason: "not_accepted", description: "the user declined"),
        "expired": Reason(reason: "expired", description: "nobody answered in time"),
        "cancelled": Reason(reason: "cancelled", description: "the portal cancelled the request"),
        "failed": Reason(reason: "failed", description: "the request could not be processed"),
        "authenticated": Reason(
            reason: "outdated", description: "the user signed in more than 300 seconds ago"),
    ]

    /// $1 transaction id. No row for one that is not the portal's.
    static let look = Statement(
        "gateway.result",
        """
        SELECT transaction_id, reference, callback_uri, status::text, is_authenticated, user_id, device_id,
               authentication_method, signature_verified, signature, requested_at,
               CASE WHEN signature IS NOT NULL THEN countersign.signer_public_key(transaction_id) END
        FROM countersign.auth_results WHERE transaction_id = $1
        """)
}
