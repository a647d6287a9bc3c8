import Postgres

/// What became of a request: the fields of the Access API, and some of ours.
struct TransactionResult: Encodable, RowReadable, Sendable {
    struct Reason: Encodable, Sendable {
        let reason: String
        let description: String
    }

    /// Of a request that was given one.
    let callback_uri: String?
    let transaction_id: String
    /// When the request was made, in milliseconds since 1970.
    let timestamp: Int64
    /// When it ends by itself, in the same form.
    let expires_at: Int64
    let status: String
    let reference: String?
    let is_authenticated: Bool
    let authentication_method: String
    let user_id: String?
    let device_id: String?
    /// The app that vouches for the user: two apps may have users of the same name.
    let app_id: Int?
    let signature: String?
    let signature_verified: Bool?
    let user_public_key: String?
    let not_authenticated_reason: Reason?
    /// Of types that ask for a confirmation number: `awaited` or `given`.
    let confirmation: String?
    let confirmation_tries_left: Int?
    /// Of types whose results are taken once: `open` or `taken`.
    let redemption: String?
    /// Of an authenticated request that was given a `browser_id`.
    let browser_known: Bool?
    /// `same`, `other` or `unknown`: the visitor's network and the device's, of types that compare them.
    let network_match: String?
    /// The same of their countries.
    let country_match: String?
    /// `not_me`: the user says that it was somebody else.
    let deny_reason: String?

    /// Of `auth_results`.
    static let columns = """
        transaction_id, reference, callback_uri, status::text, is_authenticated, user_id, device_id, app_id,
        authentication_method, signature_verified, signature, requested_at, expires_at,
        CASE WHEN signature IS NOT NULL THEN countersign.signer_public_key(transaction_id) END AS user_public_key,
        confirmation, confirmation_tries_left, redemption, browser_known, deny_reason,
        network_match, country_match
        """

    var isFinal: Bool { isFinalStatus(status) }

    init(_ row: inout RowReader) throws {
        transaction_id = try row.identifier("transaction_id").description
        reference = try row.optionalText("reference")
        callback_uri = try row.optionalText("callback_uri")
        status = try row.text("status")
        let isAuthenticated = try row.optionalBool("is_authenticated")
        is_authenticated = isAuthenticated ?? false
        user_id = try row.optionalText("user_id")
        device_id = try row.optionalText("device_id")
        app_id = try row.optionalInt("app_id")
        authentication_method = try row.text("authentication_method")
        signature_verified = try row.optionalBool("signature_verified")
        signature = try row.optionalText("signature")
        timestamp = try row.timestamp("requested_at").microseconds / 1_000
        expires_at = try row.timestamp("expires_at").microseconds / 1_000
        user_public_key = try row.optionalText("user_public_key")
        confirmation = try row.optionalText("confirmation")
        confirmation_tries_left = try row.optionalInt("confirmation_tries_left")
        redemption = try row.optionalText("redemption")
        browser_known = try row.optionalBool("browser_known")
        deny_reason = try row.optionalText("deny_reason")
        network_match = try row.optionalText("network_match")
        country_match = try row.optionalText("country_match")
        not_authenticated_reason =
            isAuthenticated == true
            ? nil
            : confirmation_tries_left == 0
                ? Self.unconfirmed : redemption.flatMap { Self.unredeemed[$0] } ?? Self.reasons[status]
    }

    private static let unconfirmed = Reason(
        reason: "failed", description: "a wrong confirmation number was given three times")

    private static let unredeemed = [
        "open": Reason(reason: "not_redeemed", description: "the result has not been redeemed"),
        "taken": Reason(reason: "redeemed", description: "the result was redeemed before"),
    ]

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
}

/// How a request can stand.
enum RequestStatus: String, CaseIterable {
    case requested, issued, scanned, authenticated, denied, expired, cancelled, failed
}

/// Whether a request that stands so will never change again.
func isFinalStatus(_ status: String) -> Bool { !["requested", "issued", "scanned"].contains(status) }
