import Postgres

/// Ends the requests that are still open as `failed`. `countersign.end_requests` is the one place that ends
/// requests: it writes the delivery, the event and the notifications in the same transaction.
struct FailRequests: PreparedStatement {
    let ids: [Identifier]

    static let statement = Statement(
        "request.fail",
        """
        SELECT FROM countersign.end_requests(
            $1::uuid[], array_fill('failed'::text, ARRAY[cardinality($1::uuid[])]))
        """)
    var parameters: [Parameter] { [.identifiers(ids)] }
}
