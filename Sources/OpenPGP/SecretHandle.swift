import Crnp
import OpenPGPPackets

/// One of our own secret keys, loaded for one operation; librnp clears it with the handle.
struct SecretHandle: ~Copyable {
    let handle: LibraryHandle
    let primary: Key

    init(_ secretKey: [UInt8], time: UInt64) throws(OpenPGPError) {
        let isOne = (try? Packets(secretKey))?.all.count { $0.tag == Packets.Tag.secretKey } == 1
        guard isOne, secretKey.count <= Self.limit else { throw .noSecretKey }
        let handle = try LibraryHandle.make(time: time + LibraryHandle.clockSkew)
        guard (try? handle.importKeys(secretKey, secret: true)) != nil, let primary = handle.primary(),
            primary.hasSecret, !primary.isProtected
        else { throw .noSecretKey }
        self.primary = primary
        self.handle = handle
    }

    /// In bytes. A pair of RSA keys has 4 KiB.
    private static let limit = 64 * 1024
}
