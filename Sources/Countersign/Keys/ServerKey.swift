package import OpenPGP
package import Postgres

/// A key pair of the server's as it is stored: the secret key is sealed as soon as the pair is made, and opened
/// only where it signs.
package struct ServerKey: Sendable {
    package let id: Identifier
    package let fingerprint: String
    /// Armored.
    package let publicKey: String
    package let sealedSecretKey: [UInt8]

    package static func make(_ context: OpenPGPContext, _ sealer: Sealer) throws -> ServerKey {
        let id = Identifier.random()
        let pair = try context.generateKeyPair(userID: "Countersign server \(id)")
        return ServerKey(
            id: id, fingerprint: pair.fingerprint, publicKey: pair.publicKey,
            sealedSecretKey: try sealer.seal(pair.secretKey, at: place(id)))
    }

    package static func place(_ id: Identifier) -> SealedPlace {
        SealedColumn.serverSecretKey.place(id.description)
    }
}
