package import Countersign
import Crypto
import FoundationEssentials
package import Postgres

/// A new signing secret, shown once.
package struct RotatedSecret: Sendable {
    /// `whsec_` and base64, as Standard Webhooks 1.0.0 writes it. Stored sealed only.
    package let signingSecret: String
    /// Until then webhooks are signed with the one before, too.
    package let previousUntil: Timestamp
}

extension RotatedSecret: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    package var description: String { "signing secret (redacted)" }
    package var debugDescription: String { description }
    package var customMirror: Mirror { Mirror(self, children: []) }
}

extension Portal {
    /// Gives the portal a new secret; for `overlap` webhooks carry the signatures of both. Never more than
    /// two secrets sign, so within an overlap another rotation is refused unless it is to end both at once.
    package static func rotateSecret(
        _ name: String, overlap: Duration, _ sealer: Sealer, _ connection: inout Connection
    ) async throws -> RotatedSecret {
        try await sealer.checkMasterKey(&connection)
        return try await connection.transaction { connection in
            guard let row = try await connection.run(secretForUpdate, [.text(name)]).first else {
                throw try await NamedThing.portal.unknown(name, &connection)
            }
            if overlap > .zero, let until = try row.optionalTimestamp(2) {
                throw AdministrationError.refused(
                    "the secret before the last rotation signs until \(until), and receivers may still use it: "
                        + "rotate then, or with --overlap 0s, which ends both old secrets at once")
            }
            let id = try row.int(0)
            let old = try sealer.open(try row.bytes(1), at: SealedColumn.signingSecret.place(id))
            let secret = randomBytes(32)
            let changed = try await connection.run(
                rotation,
                [
                    .int32(Int32(id)),
                    .bytes(try sealer.seal(secret, at: SealedColumn.signingSecret.place(id))),
                    .bytes(try sealer.seal(old, at: SealedColumn.previousSecret.place(id))),
                    .double(overlap / .seconds(1)),
                ])
            return RotatedSecret(
                signingSecret: "whsec_" + Data(secret).base64EncodedString(),
                previousUntil: try changed[0].timestamp(0))
        }
    }

    /// Gives the portal a new ed25519 key, whose signatures webhooks carry as `v1a` beside `v1` from now on.
    /// Returns the public key, `whpk_` and base64.
    package static func addSigningKey(
        _ name: String, _ sealer: Sealer, _ connection: inout Connection
    ) async throws -> String {
        try await sealer.checkMasterKey(&connection)
        let key = Curve25519.Signing.PrivateKey()
        try await connection.transaction { connection in
            guard let row = try await connection.run(secretForUpdate, [.text(name)]).first else {
                throw try await NamedThing.portal.unknown(name, &connection)
            }
            guard try !row.bool(3) else {
                throw AdministrationError.refused(
                    "portal \(name) has a signing key already: show it, or remove it first")
            }
            let place = SealedColumn.webhookKey.place(try row.int(0))
            let sealed = try sealer.seal(Array(key.rawRepresentation), at: place)
            try await connection.run(keyChange, [.int32(Int32(try row.int(0))), .bytes(sealed)])
        }
        return "whpk_" + key.publicKey.rawRepresentation.base64EncodedString()
    }

    /// The public key of the portal's signing key; nil when it has none.
    package static func signingKey(
        _ name: String, _ sealer: Sealer, _ connection: inout Connection
    ) async throws -> String? {
        guard let row = try await connection.run(key, [.text(name)]).first else {
            throw try await NamedThing.portal.unknown(name, &connection)
        }
        guard let sealed = try row.optionalBytes(1) else { return nil }
        let seed = try sealer.open(sealed, at: SealedColumn.webhookKey.place(try row.int(0)))
        let key = try Curve25519.Signing.PrivateKey(rawRepresentation: seed)
        return "whpk_" + key.publicKey.rawRepresentation.base64EncodedString()
    }

    /// Returns false when it had none.
    package static func removeSigningKey(
        _ name: String, _ connection: inout Connection
    ) async throws -> Bool {
        guard let row = try await connection.run(key, [.text(name)]).first else {
            throw try await NamedThing.portal.unknown(name, &connection)
        }
        guard !(try row.isNull(1)) else { return false }
        try await connection.run(keyChange, [.int32(Int32(try row.int(0))), .null])
        return true
    }

    /// nil leaves a limit as it is; a rate of 0 takes the limit away.
    package static func setWebhookLimits(
        _ name: String, concurrency: Int?, rate: Int?, _ connection: inout Connection
    ) async throws -> (concurrency: Int, rate: Int?) {
        let changed = try await connection.run(
            limiting,
            [
                .text(name), concurrency.map { .int32(Int32(clamping: $0)) } ?? .null,
                rate.map { .int32(Int32(clamping: $0)) } ?? .null,
            ])
        guard let row = changed.first else { throw try await NamedThing.portal.unknown(name, &connection) }
        return (try row.int(0), try row.optionalInt(1))
    }
}

extension Portal {
    /// $1 name.
    package static let secretForUpdate = Statement(
        "portal.secret",
        """
        SELECT portal_id, signing_secret,
               CASE WHEN previous_secret_until > clock_timestamp() THEN previous_secret_until END,
               webhook_key IS NOT NULL
        FROM countersign.portals WHERE name = $1 FOR UPDATE
        """)

    /// $1 id, $2 new secret, $3 the one before, $4 seconds that both sign.
    package static let rotation = Statement(
        "portal.rotate_secret",
        """
        UPDATE countersign.portals
        SET signing_secret = $2, previous_secret = $3,
            previous_secret_until = clock_timestamp() + make_interval(secs => $4::float8)
        WHERE portal_id = $1 RETURNING previous_secret_until
        """)

    /// $1 name.
    package static let key = Statement(
        "portal.key", "SELECT portal_id, webhook_key FROM countersign.portals WHERE name = $1")

    /// $1 id, $2 sealed key or NULL.
    package static let keyChange = Statement(
        "portal.set_key", "UPDATE countersign.portals SET webhook_key = $2 WHERE portal_id = $1")

    /// $1 name, $2 concurrency or NULL, $3 rate, 0 for none, or NULL.
    package static let limiting = Statement(
        "portal.limit_webhooks",
        """
        UPDATE countersign.portals
        SET webhook_concurrency = coalesce($2::integer, webhook_concurrency),
            webhook_rate = CASE WHEN $3::integer IS NULL THEN webhook_rate ELSE nullif($3::integer, 0) END
        WHERE name = $1 RETURNING webhook_concurrency, webhook_rate
        """)
}
