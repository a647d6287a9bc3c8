import Crnp
import OpenPGPPackets

extension Certificate {
    /// Checks a detached signature of `message`.
    ///
    /// What can be told without the key is told first: a signature of another text, by another key, or of another
    /// time costs no work on a curve.
    func verify(
        _ packet: SignaturePacket, of message: [UInt8], at time: UInt64
    ) throws(SignatureRefusal) -> VerifiedSignature {
        let signer = try signer(of: packet.body)
        try Self.checkTime(packet.body, time)
        guard packet.mayFit(message) else { throw .otherText }
        if packet.body.created < signer.created {
            try checkOlder(packet, message, signer)
        } else {
            try checkByLibrary(packet, message, time)
        }
        return VerifiedSignature(
            fingerprint: device.fingerprint, signingFingerprint: signer.fingerprint,
            createdAt: packet.body.created, digest: packet.digest(of: message))
    }

    /// One of the certificate's keys that counts.
    private func signer(of body: SignatureBody) throws(SignatureRefusal) -> KeyMaterial {
        guard let issuer = body.issuer else { throw .otherSigner(nil) }
        guard let key = packets.keys.first(where: { issuer.isKey($0.fingerprint) }) else {
            throw .otherSigner(issuer.fingerprint ?? issuer.keyID)
        }
        guard maySign(key.fingerprint) else { throw .signerNotValid }
        return key
    }

    private static func checkTime(_ body: SignatureBody, _ time: UInt64) throws(SignatureRefusal) {
        guard body.created <= time + LibraryHandle.clockSkew else {
            throw .madeAhead(body.created, now: time)
        }
        guard !body.hasExpired(at: time) else { throw .expired }
    }

    /// Of a device whose clock went back after it made its key.
    private func checkOlder(
        _ packet: SignaturePacket, _ message: [UInt8], _ signer: KeyMaterial
    ) throws(SignatureRefusal) {
        guard packet.body.created + LibraryHandle.clockSkew >= signer.created else {
            throw .olderThanKey(packet.body.created, key: signer.created)
        }
        guard packet.isRight(message, by: signer) else { throw .wrong }
    }

    private func checkByLibrary(
        _ packet: SignaturePacket, _ message: [UInt8], _ time: UInt64
    ) throws(SignatureRefusal) {
        guard (try? handle.setTime(max(time, packet.body.created))) != nil,
            let result = try? judge(packet.bytes, message)
        else { throw .library }
        return try result.get()
    }

    func judge(
        _ signature: [UInt8], _ message: [UInt8]
    ) throws(OpenPGPError) -> Result<Void, SignatureRefusal> {
        unsafe try withInput(message) { message throws(OpenPGPError) in
            unsafe try withInput(signature) { signature throws(OpenPGPError) in
                var operation: OpaquePointer?
                unsafe try check(
                    rnp.op_verify_detached_create(&operation, handle.ffi, message, signature),
                    "rnp_op_verify_detached_create")
                let verification = unsafe VerifyOperation(operation!)
                let code = verification.execute()
                return Result { () throws(SignatureRefusal) in
                    try verification.checkSignature(by: self)
                    guard code == 0 else { throw .wrong }
                }
            }
        }
    }
}
