import Postgres

/// Makes a request; a trigger refuses what it must not hold.
struct InsertRequest: PreparedStatement {
    let draft: SignIns.Draft

    static let statement = Statement(
        "gateway.start",
        """
        INSERT INTO countersign.auth_requests (auth_type, callback_uri, message, secure_message, language_code,
                                               ip_address, user_agent, reference, traceparent, browser_id,
                                               return_uri)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)
        RETURNING transaction_id,
                  (1000 * date_part('epoch', expires_at - requested_at))::integer AS milliseconds,
                  code_rotation IS NOT NULL AS rotates
        """)
    var parameters: [Parameter] {
        [
            draft.type, draft.callbackURI, draft.message, draft.secureMessage, draft.languageCode,
            draft.ipAddress, draft.userAgent, draft.reference, draft.traceparent, draft.browserID,
            draft.returnURI,
        ].map { Parameter($0) }
    }
    static func decode(_ row: inout RowReader) throws -> SignIns.Made {
        let id = try row.identifier("transaction_id")
        let life = Duration.milliseconds(try row.int("milliseconds"))
        return SignIns.Made(transactionID: id, timeToLive: life, rotates: try row.bool("rotates"))
    }
}

/// The code to show now, and until when; nil when nobody can scan it any more. No row for a seed of another request.
struct FindShownCode: PreparedStatement {
    let id: Identifier
    let seed: String?

    static let statement = Statement(
        "gateway.shown_code",
        """
        SELECT otp, valid_until FROM countersign.rotated_otp($2)
        WHERE starts_with(translate($2, '-_', '+/'), left(encode(uuid_send($1), 'base64'), 21))
        """)
    var parameters: [Parameter] { [.identifier(id), Parameter(seed)] }
    static func decode(_ row: inout RowReader) throws -> SignIns.ShownCode? {
        let otp = try row.optionalText("otp")
        let until = try row.optionalTimestamp("valid_until")
        return otp.flatMap { otp in until.map { SignIns.ShownCode(otp: otp, validUntil: $0) } }
    }
}

/// True if it was still open.
struct CancelRequest: PreparedStatement {
    let id: Identifier

    static let statement = Statement("gateway.cancel", "SELECT countersign.cancel_request($1) AS was_open")
    var parameters: [Parameter] { [.identifier(id)] }
    static func decode(_ row: inout RowReader) throws -> Bool { try row.bool("was_open") }
}

/// No row for a request that is not the portal's.
struct FindResult: PreparedStatement {
    typealias Output = TransactionResult

    let id: Identifier

    static let statement = Statement(
        "gateway.result",
        "SELECT \(TransactionResult.columns) FROM countersign.auth_results WHERE transaction_id = $1")
    var parameters: [Parameter] { [.identifier(id)] }
}

/// Takes a result, once.
struct Redeem: PreparedStatement {
    typealias Output = TransactionResult

    let id: Identifier
    /// That the browser has brought, after a link.
    let code: String?

    static let statement = Statement(
        "gateway.redeem", "SELECT \(TransactionResult.columns) FROM countersign.redeem($1, $2)")
    var parameters: [Parameter] { [.identifier(id), Parameter(code)] }
}

/// Gives the number that the visitor has typed.
struct ConfirmCode: PreparedStatement {
    typealias Output = TransactionResult

    let id: Identifier
    let code: String?

    static let statement = Statement(
        "gateway.confirm", "SELECT \(TransactionResult.columns) FROM countersign.confirm_code($1, $2)")
    var parameters: [Parameter] { [.identifier(id), Parameter(code)] }
}

/// The types by which a user can sign in; with a device, those that it can answer.
struct FindEnabledTypes: PreparedStatement {
    let user: String
    let device: String?

    static let statement = Statement(
        "gateway.enabled", "SELECT name, method FROM countersign.enabled_types($1, $2)")
    var parameters: [Parameter] { [.text(user), Parameter(device)] }
    static func decode(_ row: inout RowReader) throws -> (name: String, method: String) {
        (try row.text("name"), try row.text("method"))
    }
}
