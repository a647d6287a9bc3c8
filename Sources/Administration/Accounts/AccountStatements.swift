import Countersign
import Postgres

struct ListAccounts: PreparedStatement {
    static let statement = Statement(
        "operator.list",
        """
        SELECT o.name, o.role, p.name AS portal, o.second_factor IS NOT NULL AS has_factor, o.created_at
        FROM countersign.operators o LEFT JOIN countersign.portals p USING (portal_id) ORDER BY o.name
        """)
    static func decode(_ row: inout RowReader) throws -> ConsoleAccount {
        ConsoleAccount(
            name: try row.text("name"), role: try ConsoleRole(stored: row.text("role")),
            portal: try row.optionalText("portal"), hasSecondFactor: try row.bool("has_factor"),
            createdAt: try row.timestamp("created_at"))
    }
}

struct InsertAccount: PreparedStatement {
    let name: String
    let role: ConsoleRole
    let portalID: Int32?
    let digest: SecretDigest

    static let statement = Statement(
        "operator.insert",
        "INSERT INTO countersign.operators (name, role, portal_id, password_hash) VALUES ($1, $2, $3, $4)")
    var parameters: [Parameter] {
        [.text(name), .text(role.rawValue), portalID.map { .int32($0) } ?? .null, .text(digest.text)]
    }
}

/// A row if there is such an account. The interval of its last code stays: no code that was used counts again.
struct RenewPassword: PreparedStatement {
    let name: String
    let digest: SecretDigest

    static let statement = Statement(
        "operator.renew_password",
        """
        WITH renewed AS (
            UPDATE countersign.operators SET password_hash = $2, second_factor = NULL, code_tries = 0 WHERE name = $1
            RETURNING name
        ), ended AS (
            DELETE FROM countersign.operator_sessions s USING renewed WHERE s.operator = renewed.name
        )
        SELECT name FROM renewed
        """)
    var parameters: [Parameter] { [.text(name), .text(digest.text)] }
    static func decode(_ row: inout RowReader) throws -> String { try row.text("name") }
}

/// Always one row: the time, and what is known of the account.
struct ReadAccount: PreparedStatement {
    let name: String

    struct Output {
        let time: Int64
        let digest: String?
        let factor: [UInt8]?
    }

    static let statement = Statement(
        "operator.read",
        """
        SELECT extract(epoch FROM clock_timestamp())::bigint AS time, o.password_hash, o.second_factor
        FROM (SELECT $1::text AS name) AS asked LEFT JOIN countersign.operators o USING (name)
        """)
    var parameters: [Parameter] { [.text(name)] }
    static func decode(_ row: inout RowReader) throws -> Output {
        Output(
            time: Int64(try row.int("time")), digest: try row.optionalText("password_hash"),
            factor: try row.optionalBytes("second_factor"))
    }
}

/// A row if the account had no second factor, and has this one now.
struct StoreFactor: PreparedStatement {
    let name: String
    let sealed: [UInt8]
    /// Of the code that was shown.
    let interval: Int64
    /// The session that stays.
    let session: [UInt8]

    static let statement = Statement(
        "operator.store_factor",
        """
        WITH stored AS (
            UPDATE countersign.operators SET second_factor = $2, factor_used = greatest(factor_used, $3), code_tries = 0
            WHERE name = $1 AND second_factor IS NULL AND factor_used < $3 RETURNING name
        ), ended AS (
            DELETE FROM countersign.operator_sessions s USING stored
            WHERE s.operator = stored.name AND s.token_digest <> $4
        )
        SELECT name FROM stored
        """)
    var parameters: [Parameter] { [.text(name), .bytes(sealed), .int(interval), .bytes(session)] }
    static func decode(_ row: inout RowReader) throws -> String { try row.text("name") }
}

/// A row if the account may try another code: five within a quarter of an hour, and each starts that anew.
struct CountCode: PreparedStatement {
    let name: String

    static let statement = Statement(
        "operator.count_code",
        """
        UPDATE countersign.operators
        SET code_tries = CASE WHEN code_tried_at > clock_timestamp() - interval '15 min' THEN code_tries ELSE 0 END + 1,
            code_tried_at = clock_timestamp()
        WHERE name = $1 AND (code_tries < 5 OR code_tried_at <= clock_timestamp() - interval '15 min')
        RETURNING name
        """)
    var parameters: [Parameter] { [.text(name)] }
    static func decode(_ row: inout RowReader) throws -> String { try row.text("name") }
}

/// A row if the code of that interval was not used before, nor a later one.
struct UseCode: PreparedStatement {
    let name: String
    let interval: Int64

    static let statement = Statement(
        "operator.use_code",
        """
        UPDATE countersign.operators SET factor_used = $2, code_tries = 0 WHERE name = $1 AND factor_used < $2
        RETURNING name
        """)
    var parameters: [Parameter] { [.text(name), .int(interval)] }
    static func decode(_ row: inout RowReader) throws -> String { try row.text("name") }
}
