import Crnp

extension Certificate {
    /// Checks a detached signature of `message`.
    func verify(
        _ packet: SignaturePacket, of message: [UInt8], at time: UInt64
    ) throws(SignatureRefusal) -> VerifiedSignature {
        guard (try? handle.setTime(time + Handle.clockSkew)) != nil,
            let result = try? judge(packet, message)
        else { throw .library }
        return try result.get()
    }

    private func judge(
        _ packet: SignaturePacket, _ message: [UInt8]
    ) throws(OpenPGPError) -> Result<VerifiedSignature, SignatureRefusal> {
        unsafe try withInput(message) { message throws(OpenPGPError) in
            unsafe try withInput(packet.bytes) { signature throws(OpenPGPError) in
                var operation: OpaquePointer?
                unsafe try check(
                    rnp_op_verify_detached_create(&operation, handle.ffi, message, signature),
                    "rnp_op_verify_detached_create")
                let verification = unsafe Verification(operation!)
                let code = verification.execute()
                return Result { () throws(SignatureRefusal) in
                    let verified = try verification.signature(by: self)
                    guard code == 0 else { throw .wrong }
                    return verified
                }
            }
        }
    }
}
