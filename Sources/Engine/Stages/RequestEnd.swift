import Postgres

/// Ends of requests that come from nobody's answer. `countersign.end_requests` is the one place that ends
/// requests: it writes the delivery, the event and the notifications in the same transaction.
enum RequestEnd {
    /// $1 ids: ends those still open as `failed`.
    static let fail = Statement(
        "request.fail",
        """
        SELECT count(*) FROM countersign.end_requests(
            $1::uuid[], array_fill('failed'::text, ARRAY[cardinality($1::uuid[])]))
        """)
}
