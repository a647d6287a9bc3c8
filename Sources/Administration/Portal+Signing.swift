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
    /// two secrets sign, so within an overlap another rotation is refused unless it is to end both at once. Without an overlap
    /// no old secret is opened: the master key that has sealed it may be lost.
    package static func rotateSecret(
        _ name: String, overlap: Duration, _ sealer: Sealer, _ connection: inout Connection
    ) async throws -> RotatedSecret {
        if overlap > .zero { try await sealer.checkMasterKey(&connection) }
        return try await connection.atomically { connection in
            let held = try await lockSecrets(name, &connection)
            if overlap > .zero, let until = held.previousUntil {
                throw AdministrationError.refused(
                    "the secret before the last rotation signs until \(until), and receivers may still use it: "
                        + "rotate then, or with --overlap 0s, which ends both old secrets at once")
            }
            let secret = randomBytes(32)
            // What is the previous one without an overlap does not matter: it signs nothing from now on.
            let old =
                overlap > .zero
                ? try sealer.open(held.sealedSecret, at: SealedColumn.signingSecret.place(held.id)) : secret
            let rotation = RotateSecret(
                portalID: held.id,
                sealedSecret: try sealer.seal(secret, at: SealedColumn.signingSecret.place(held.id)),
                sealedPrevious: try sealer.seal(old, at: SealedColumn.previousSecret.place(held.id)),
                overlap: overlap)
            return RotatedSecret(
                signingSecret: secretText(secret),
                previousUntil: try await connection.run(rotation).one())
        }
    }

    /// Gives the portal a new ed25519 key, whose signatures webhooks carry as `v1a` beside `v1` from now on.
    /// Returns the public key, `whpk_` and base64.
    package static func addSigningKey(
        _ name: String, _ sealer: Sealer, _ connection: inout Connection
    ) async throws -> String {
        try await sealer.checkMasterKey(&connection)
        let key = Curve25519.Signing.PrivateKey()
        try await connection.atomically { connection in
            let held = try await lockSecrets(name, &connection)
            guard !held.hasSigningKey else {
                throw AdministrationError.refused(
                    "portal \(name) has a signing key already: show it, or remove it first")
            }
            let sealed = try sealer.seal(
                Array(key.rawRepresentation), at: SealedColumn.webhookKey.place(held.id))
            try await connection.run(SetSigningKey(portalID: held.id, sealedKey: sealed))
        }
        return publicText(key)
    }

    /// The public key of the portal's signing key; nil when it has none.
    package static func signingKey(
        _ name: String, _ sealer: Sealer, _ connection: inout Connection
    ) async throws -> String? {
        let (id, sealed) = try await sealedSigningKey(name, &connection)
        guard let sealed else { return nil }
        let seed = try sealer.open(sealed, at: SealedColumn.webhookKey.place(id))
        return publicText(try Curve25519.Signing.PrivateKey(rawRepresentation: seed))
    }

    /// What a journal keeps of what was done to its key.
    package static func signingKeyLine(_ verb: String, portal: String) -> String {
        typed("portal signing-key \(verb)", [portal])
    }

    /// Returns false when it had none.
    package static func removeSigningKey(
        _ name: String, _ connection: inout Connection
    ) async throws -> Bool {
        let (id, sealed) = try await sealedSigningKey(name, &connection)
        guard sealed != nil else { return false }
        try await connection.run(SetSigningKey(portalID: id, sealedKey: nil))
        return true
    }

    /// nil leaves a limit as it is; a rate of 0 takes the limit away.
    package static func setWebhookLimits(
        _ name: String, concurrency: Int?, rate: Int?, _ connection: inout Connection
    ) async throws -> (concurrency: Int, rate: Int?) {
        let limits = try await connection.run(
            LimitWebhooks(portal: name, concurrency: concurrency, rate: rate)
        ).first()
        return try await NamedThing.portal.found(limits, name, &connection)
    }

    private static func lockSecrets(
        _ name: String, _ connection: inout Connection
    ) async throws -> LockSecrets.Output {
        let held = try await connection.run(LockSecrets(portal: name)).first()
        return try await NamedThing.portal.found(held, name, &connection)
    }

    private static func sealedSigningKey(
        _ name: String, _ connection: inout Connection
    ) async throws -> (id: Int, sealed: [UInt8]?) {
        let key = try await connection.run(ReadSigningKey(portal: name)).first()
        return try await NamedThing.portal.found(key, name, &connection)
    }

    /// Reads what `secretText` writes, of a secret that another system has made.
    package static func readSecret(_ text: String) throws(AdministrationError) -> [UInt8] {
        let secret = text.hasPrefix("whsec_") ? Data(base64Encoded: String(text.dropFirst(6))) : nil
        guard let secret, (24...64).contains(secret.count) else {
            throw .refused("a signing secret is whsec_ and the base64 of 24 to 64 bytes")
        }
        return Array(secret)
    }

    /// As Standard Webhooks writes a secret.
    static func secretText(_ secret: [UInt8]) -> String { "whsec_" + Data(secret).base64EncodedString() }

    /// As Standard Webhooks writes a public key.
    private static func publicText(_ key: Curve25519.Signing.PrivateKey) -> String {
        "whpk_" + key.publicKey.rawRepresentation.base64EncodedString()
    }
}
