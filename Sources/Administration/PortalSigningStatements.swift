import Postgres

/// Locks the row until the end of the transaction.
struct LockSecrets: PreparedStatement {
    struct Output: Sendable {
        let id: Int
        let sealedSecret: [UInt8]
        /// While the secret before the last rotation signs, too.
        let previousUntil: Timestamp?
        let hasSigningKey: Bool
    }

    /// Its name.
    let portal: String

    static let statement = Statement(
        "portal.lock_secrets",
        """
        SELECT portal_id, signing_secret,
               CASE WHEN previous_secret_until > clock_timestamp() THEN previous_secret_until END AS previous_until,
               webhook_key IS NOT NULL AS has_key
        FROM countersign.portals WHERE name = $1 FOR UPDATE
        """)
    var parameters: [Parameter] { [.text(portal)] }

    static func decode(_ row: inout RowReader) throws -> Output {
        Output(
            id: try row.int("portal_id"), sealedSecret: try row.bytes("signing_secret"),
            previousUntil: try row.optionalTimestamp("previous_until"),
            hasSigningKey: try row.bool("has_key"))
    }
}

/// Returns until when both secrets sign.
struct RotateSecret: PreparedStatement {
    let portalID: Int
    let sealedSecret: [UInt8]
    let sealedPrevious: [UInt8]
    let overlap: Duration

    static let statement = Statement(
        "portal.rotate_secret",
        """
        UPDATE countersign.portals
        SET signing_secret = $2, previous_secret = $3,
            previous_secret_until = clock_timestamp() + $4::interval
        WHERE portal_id = $1 RETURNING previous_secret_until
        """)
    var parameters: [Parameter] {
        [.int32(Int32(portalID)), .bytes(sealedSecret), .bytes(sealedPrevious), .duration(overlap)]
    }

    static func decode(_ row: inout RowReader) throws -> Timestamp {
        try row.timestamp("previous_secret_until")
    }
}

struct ReadSigningKey: PreparedStatement {
    /// Its name.
    let portal: String

    static let statement = Statement(
        "portal.read_key", "SELECT portal_id, webhook_key FROM countersign.portals WHERE name = $1")
    var parameters: [Parameter] { [.text(portal)] }

    static func decode(_ row: inout RowReader) throws -> (id: Int, sealed: [UInt8]?) {
        (try row.int("portal_id"), try row.optionalBytes("webhook_key"))
    }
}

struct SetSigningKey: PreparedStatement {
    let portalID: Int
    /// nil takes it away.
    let sealedKey: [UInt8]?

    static let statement = Statement(
        "portal.set_key", "UPDATE countersign.portals SET webhook_key = $2 WHERE portal_id = $1")
    var parameters: [Parameter] { [.int32(Int32(portalID)), Parameter(sealedKey)] }
}

/// Returns the limits as they are now.
struct LimitWebhooks: PreparedStatement {
    /// Its name.
    let portal: String
    /// nil leaves it.
    let concurrency: Int?
    /// nil leaves it, 0 takes it away.
    let rate: Int?

    static let statement = Statement(
        "portal.limit_webhooks",
        """
        UPDATE countersign.portals
        SET webhook_concurrency = coalesce($2::integer, webhook_concurrency),
            webhook_rate = CASE WHEN $3::integer IS NULL THEN webhook_rate ELSE nullif($3::integer, 0) END
        WHERE name = $1 RETURNING webhook_concurrency, webhook_rate
        """)
    var parameters: [Parameter] {
        [.text(portal), Self.parameter(concurrency), Self.parameter(rate)]
    }

    private static func parameter(_ limit: Int?) -> Parameter {
        limit.map { .int32(Int32(clamping: $0)) } ?? .null
    }

    static func decode(_ row: inout RowReader) throws -> (concurrency: Int, rate: Int?) {
        (try row.int("webhook_concurrency"), try row.optionalInt("webhook_rate"))
    }
}
