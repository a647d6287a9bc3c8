import Countersign
import Crypto
import Foundation
import Synchronization

/// Opens the sealed secrets that deliveries carry. Opened ones are kept by their sealed value, so a rotation
/// shows at once; at most 1,000. They are kept by their row, too: what is sealed for one opens in no other.
final class PortalSecrets: Sendable {
    private let sealer: Sealer
    private let opened = Mutex<[Sealed: [UInt8]]>([:])
    private let signers = Mutex<[Signing: WebhookSigner]>([:])

    /// What a signer was made of: the row and its sealed values.
    private struct Signing: Hashable {
        let portalID: Int32
        let secret: [UInt8]
        let previous: [UInt8]?
        let key: [UInt8]?
    }

    private struct Sealed: Hashable {
        let bytes: [UInt8]
        let place: SealedPlace
    }

    init(sealer: Sealer) { self.sealer = sealer }

    /// What signs the delivery: the portal's secret, the one before while it is being replaced, and its ed25519
    /// key if it has one.
    func signer(_ delivery: Delivery) throws -> WebhookSigner {
        let signing = Signing(
            portalID: delivery.portalID, secret: delivery.signingSecret, previous: delivery.previousSecret,
            key: delivery.webhookKey)
        if let known = signers.withLock({ $0[signing] }) { return known }
        let signer = try makeSigner(delivery)
        signers.withLock { signers in
            if signers.count >= 1_000 { signers.removeAll() }
            signers[signing] = signer
        }
        return signer
    }

    private func makeSigner(_ delivery: Delivery) throws -> WebhookSigner {
        let portal = Int(delivery.portalID)
        var secrets = [try open(delivery.signingSecret, at: SealedColumn.signingSecret.place(portal))]
        if let previous = delivery.previousSecret {
            secrets.append(try open(previous, at: SealedColumn.previousSecret.place(portal)))
        }
        let key = try delivery.webhookKey.map { try open($0, at: SealedColumn.webhookKey.place(portal)) }
        return try WebhookSigner(secrets: secrets, key: key)
    }

    /// RFC 7617; nil when the callback has no credentials. The address equals the configured one exactly, or
    /// the claim would not have found them.
    func basicAuthorization(_ delivery: Delivery) throws -> (value: String, password: String)? {
        guard let callbackID = delivery.callbackID, let username = delivery.username,
            let sealed = delivery.password
        else { return nil }
        let password = try open(sealed, at: SealedColumn.callbackPassword.place(Int(callbackID)))
        let value = "Basic " + Data(Array("\(username):".utf8) + password).base64EncodedString()
        return (value, String(decoding: password, as: UTF8.self))
    }

    private func open(_ sealed: [UInt8], at place: SealedPlace) throws -> [UInt8] {
        let key = Sealed(bytes: sealed, place: place)
        if let known = opened.withLock({ $0[key] }) { return known }
        let secret = try sealer.open(sealed, at: place)
        opened.withLock { opened in
            if opened.count >= 1_000 { opened.removeAll() }
            opened[key] = secret
        }
        return secret
    }
}
