import Postgres

/// A page's request with its token.
struct BrowserCall: Sendable {
    let transactionID: Identifier
    let token: BrowserToken
}

/// The origins from which browsers may ask, and the portals whose pages are there.
struct FindAllowedOrigins: PreparedStatement {
    static let statement = Statement(
        "gateway.origins", "SELECT portal, origin FROM countersign.allowed_origins()")
    static func decode(_ row: inout RowReader) throws -> (portal: String, origin: String) {
        (try row.text("portal"), try row.text("origin"))
    }
}

/// Keeps what belongs to tokens that were made here. A request that another transaction is giving a token, or that has one,
/// is passed over: `FindBrowserStates` shows which are kept.
struct StoreBrowserTokens: PreparedStatement {
    struct New: Sendable {
        let portal: String
        let call: BrowserCall
        /// Hidden by the token.
        let code: [UInt8]
    }

    let tokens: [New]

    static let statement = Statement(
        "gateway.store_browser_tokens", "SELECT countersign.store_browser_tokens($1, $2, $3, $4)")
    var parameters: [Parameter] {
        [
            .texts(tokens.map(\.portal)), .identifiers(tokens.map(\.call.transactionID)),
            .byteses(tokens.map(\.call.token.digest)), .byteses(tokens.map(\.code)),
        ]
    }
}

/// How requests stand, by the places of the calls. No row for a token that is not the request's, or not any more.
struct FindBrowserStates: PreparedStatement {
    let calls: [BrowserCall]

    static let statement = Statement(
        "gateway.browser_states",
        """
        SELECT place, portal, channel, status, looked_at, requested_at, expires_at, code_rotation, code,
               by_link, confirmation, confirmation_tries_left
        FROM countersign.browser_states($1, $2)
        """)
    var parameters: [Parameter] {
        [.identifiers(calls.map(\.transactionID)), .byteses(calls.map(\.token.digest))]
    }
    static func decode(_ row: inout RowReader) throws -> (place: Int, look: BrowserLook) {
        (try row.int("place"), try BrowserLook(&row))
    }
}

/// Collects the codes of requests whose portal has not.
struct CollectForBrowsers: PreparedStatement {
    let calls: [BrowserCall]

    static let statement = Statement(
        "gateway.collect_for_browsers", "SELECT countersign.collect_for_browsers($1, $2, $3)")
    var parameters: [Parameter] {
        [
            .identifiers(calls.map(\.transactionID)), .byteses(calls.map(\.token.digest)),
            .byteses(calls.map(\.token.pad)),
        ]
    }
}
