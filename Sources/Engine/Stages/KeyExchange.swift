import Countersign
import OpenPGP
import Postgres

/// What became of one device's key. Without a key, where none is required, the app vouches for the device.
struct KeyExchange: Sendable {
    let key: Identifier
    var refusal: String?
    var fingerprint: String?
    var serverKeyID: Identifier?
    /// The pair made for this enrollment alone.
    var made: ServerKey?

    /// `shared`: the pair to hand out instead of making one.
    init(
        _ enrollment: ClaimedEnrollment, shared: Identifier?, _ context: OpenPGPContext, _ sealer: Sealer
    ) throws {
        key = enrollment.key
        guard let publicKey = enrollment.publicKey else { return }
        do throws(KeyRefusal) {
            let device = try context.inspect(publicKey: publicKey)
            fingerprint = device.fingerprint
            guard device.canEncrypt else {
                refusal =
                    "public_key: the key has no valid subkey for encryption, to which a secure_message "
                    + "could be encrypted"
                return
            }
        } catch {
            refusal = "public_key: \(error)"
            return
        }
        made = try shared == nil ? ServerKey.make(context, sealer) : nil
        serverKeyID = shared ?? made?.id
    }
}
