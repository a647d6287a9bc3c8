import Crnp

/// A detached, armored signature of type 0x00 by the primary key.
func sign(_ message: [UInt8], with secretKey: [UInt8], time: UInt64) throws(OpenPGPError) -> String {
    let signer = try SecretHandle(secretKey, time: time)
    return unsafe try withInput(message) { input throws(OpenPGPError) in
        let bytes = unsafe try output(limit: VerifiedSignature.limit) { output throws(OpenPGPError) in
            var operation: OpaquePointer?
            unsafe try check(
                rnp.op_sign_detached_create(&operation, signer.handle.ffi, input, output),
                "rnp_op_sign_detached_create")
            defer { _ = unsafe rnp.op_sign_destroy(operation) }
            unsafe try check(rnp.op_sign_set_armor(operation, true), "rnp_op_sign_set_armor")
            unsafe try check(rnp.op_sign_set_hash(operation, "SHA256"), "rnp_op_sign_set_hash")
            unsafe try check(
                rnp.op_sign_set_creation_time(operation, UInt32(clamping: time)),
                "rnp_op_sign_set_creation_time")
            unsafe try check(
                rnp.op_sign_add_signature(operation, signer.primary.pointer, nil),
                "rnp_op_sign_add_signature")
            unsafe try check(rnp.op_sign_execute(operation), "rnp_op_sign_execute")
        }
        return String(decoding: bytes, as: UTF8.self)
    }
}
