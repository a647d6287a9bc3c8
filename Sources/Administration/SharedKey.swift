package import Postgres

/// The server's key pair that enrollments share when `unique_pgp_keys_per_enrollment` is off. Workers make it
/// when it is needed first, so that no secret key is ever anywhere else.
package enum SharedKey {
    package struct Retired: Sendable, Hashable {
        package let fingerprint: String
    }

    /// Retires the current pair: the next enrollment that needs one gets a new one. Enrollments made under the
    /// old one go on using it. Nil when there is none.
    package static func rotate(_ connection: inout Connection) async throws -> Retired? {
        try await connection.run(rotation).first.map { Retired(fingerprint: try $0.text(0)) }
    }

    /// Active enrollments under retired shared pairs.
    package static func enrollmentsUnderRetired(_ connection: inout Connection) async throws -> Int {
        try await connection.run(counting)[0].int(0)
    }

    package static let rotation = Statement(
        "key.rotate",
        """
        WITH retired AS (
            UPDATE countersign.server_keys SET retired_at = clock_timestamp()
            WHERE shared AND retired_at IS NULL RETURNING fingerprint
        )
        INSERT INTO countersign.events (type, details)
        SELECT 'key.rotated', jsonb_build_object('fingerprint', fingerprint) FROM retired
        RETURNING details ->> 'fingerprint'
        """)

    package static let counting = Statement(
        "key.count_old",
        """
        SELECT count(*) FROM countersign.enrollments e JOIN countersign.server_keys k USING (server_key_id)
        WHERE e.status = 'active' AND k.shared AND k.retired_at IS NOT NULL
        """)
}
