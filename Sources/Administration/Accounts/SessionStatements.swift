import Countersign
package import Postgres

/// Sessions that are over go.
struct BeginSession: PreparedStatement {
    let token: [UInt8]
    let name: String
    let length: Duration

    static let statement = Statement(
        "operator.begin_session",
        """
        WITH gone AS (
            DELETE FROM countersign.operator_sessions WHERE expires_at <= clock_timestamp()
        )
        INSERT INTO countersign.operator_sessions (token_digest, operator, expires_at)
        VALUES ($1, $2, clock_timestamp() + $3::interval)
        """)
    var parameters: [Parameter] { [.bytes(token), .text(name), .duration(length)] }
}

/// One that is neither over nor idle.
struct FindSession: PreparedStatement {
    let token: [UInt8]
    let idle: Duration

    struct Output {
        let name: String
        let role: ConsoleRole
        let portal: String?
        /// Nobody asked for a page within the last minute.
        let wasQuiet: Bool
    }

    static let statement = Statement(
        "operator.find_session",
        """
        SELECT o.name, o.role, p.name AS portal, s.seen_at < clock_timestamp() - interval '1 min' AS was_quiet
        FROM countersign.operator_sessions s JOIN countersign.operators o ON o.name = s.operator
        LEFT JOIN countersign.portals p USING (portal_id)
        WHERE s.token_digest = $1 AND s.expires_at > clock_timestamp()
          AND s.seen_at > clock_timestamp() - $2::interval
        """)
    var parameters: [Parameter] { [.bytes(token), .duration(idle)] }
    static func decode(_ row: inout RowReader) throws -> Output {
        Output(
            name: try row.text("name"), role: try ConsoleRole(stored: row.text("role")),
            portal: try row.optionalText("portal"), wasQuiet: try row.bool("was_quiet"))
    }
}

struct TouchSession: PreparedStatement {
    let token: [UInt8]

    static let statement = Statement(
        "operator.touch_session",
        "UPDATE countersign.operator_sessions SET seen_at = clock_timestamp() WHERE token_digest = $1")
    var parameters: [Parameter] { [.bytes(token)] }
}

struct EndSession: PreparedStatement {
    let token: [UInt8]

    static let statement = Statement(
        "operator.end_session", "DELETE FROM countersign.operator_sessions WHERE token_digest = $1")
    var parameters: [Parameter] { [.bytes(token)] }
}

/// Tells the audit trail that somebody was not let in.
package struct AuditRefusal: PreparedStatement {
    package let name: String
    package let address: String
    package let reason: String

    package init(name: String, address: String, reason: String) {
        (self.name, self.address, self.reason) = (name, address, reason)
    }

    package static let statement = Statement(
        "operator.audit_refusal", "SELECT countersign.audit_refused_sign_in($1, $2, $3)")
    package var parameters: [Parameter] { [.text(name), .text(address), .text(reason)] }
}
