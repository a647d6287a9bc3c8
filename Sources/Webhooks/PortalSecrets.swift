import Countersign
import Foundation
import Synchronization

/// Opens the sealed secrets that deliveries carry. Opened ones are kept by their sealed value, so a rotation
/// shows at once; at most 1,000.
final class PortalSecrets: Sendable {
    private let sealer: Sealer
    private let opened = Mutex<[[UInt8]: [UInt8]]>([:])

    init(sealer: Sealer) { self.sealer = sealer }

    func signingSecret(_ delivery: Delivery) throws -> [UInt8] {
        try open(delivery.signingSecret, at: SealedColumn.signingSecret.place(Int(delivery.portalID)))
    }

    /// RFC 7617; nil when the callback has no credentials. The address equals the configured one exactly, or
    /// the claim would not have found them.
    func basicAuthorization(_ delivery: Delivery) throws -> String? {
        guard let callbackID = delivery.callbackID, let username = delivery.username,
            let sealed = delivery.password
        else { return nil }
        let password = try open(sealed, at: SealedColumn.callbackPassword.place(Int(callbackID)))
        return "Basic " + Data(Array("\(username):".utf8) + password).base64EncodedString()
    }

    private func open(_ sealed: [UInt8], at place: SealedPlace) throws -> [UInt8] {
        if let known = opened.withLock({ $0[sealed] }) { return known }
        let secret = try sealer.open(sealed, at: place)
        opened.withLock { opened in
            if opened.count >= 1_000 { opened.removeAll() }
            opened[sealed] = secret
        }
        return secret
    }
}
