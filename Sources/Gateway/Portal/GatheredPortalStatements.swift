import Postgres

/// Makes the requests of many portals, by their places among the calls.
struct StartRequests: PreparedStatement {
    let calls: [SignIns.PortalDraft]

    static let statement = Statement(
        "gateway.start_many",
        """
        SELECT place, transaction_id, milliseconds, rotates
        FROM countersign.start_requests($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)
        """)
    var parameters: [Parameter] {
        [.texts(calls.map(\.portal))]
            + [
                \.type, \.callbackURI, \.message, \.secureMessage, \.languageCode, \.ipAddress, \.userAgent,
                \.reference, \.traceparent, \.browserID, \.returnURI,
            ].map { (part: KeyPath<SignIns.Draft, String?>) in .texts(calls.map { $0.draft[keyPath: part] }) }
    }
    static func decode(_ row: inout RowReader) throws -> (place: Int, made: SignIns.Made) {
        let place = try row.int("place")
        let id = try row.identifier("transaction_id")
        let life = Duration.milliseconds(try row.int("milliseconds"))
        return (place, SignIns.Made(transactionID: id, timeToLive: life, rotates: try row.bool("rotates")))
    }
}

/// The codes of those requests that have one.
struct CollectCodes: PreparedStatement {
    let calls: [(portal: String, id: Identifier)]

    static let statement = Statement(
        "gateway.collect_many", "SELECT transaction_id, otp FROM countersign.hand_out_codes($1, $2)")
    var parameters: [Parameter] { [.texts(calls.map(\.portal)), .identifiers(calls.map(\.id))] }
    static func decode(_ row: inout RowReader) throws -> (Identifier, String) {
        (try row.identifier("transaction_id"), try row.text("otp"))
    }
}
