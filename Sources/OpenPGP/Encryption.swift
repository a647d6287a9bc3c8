import Crnp

/// Limits of encrypted messages.
package enum EncryptedMessage {
    /// The largest armored message, and the largest text out of one, in bytes.
    package static let limit = 64 * 1024
    /// The largest text that is encrypted, in bytes: armor makes it longer by a third, the rest adds 2 KiB.
    package static let textLimit = 32 * 1024
}

/// Encrypts to the certificate's valid key for it, and signs if there is a secret key to sign with.
func encrypt(
    _ plaintext: [UInt8], to recipient: Certificate, signedBy secretKey: [UInt8]?, time: UInt64
) throws(OpenPGPError) -> String {
    guard plaintext.count <= EncryptedMessage.textLimit else {
        throw .messageTooLarge(limit: EncryptedMessage.textLimit)
    }
    guard let primary = recipient.handle.primary(), let key = primary.encryptionKey(at: time) else {
        throw .recipientCannotDecrypt
    }
    guard let secretKey else { return try encrypt(plaintext, to: key, recipient.handle, signer: nil, time) }
    let signer = try SecretHandle(secretKey, time: time)
    return unsafe try encrypt(
        plaintext, to: key, recipient.handle, signer: signer.primary.pointer, time)
}

private func encrypt(
    _ plaintext: [UInt8], to key: borrowing Key, _ handle: borrowing LibraryHandle, signer: OpaquePointer?,
    _ time: UInt64
) throws(OpenPGPError) -> String {
    unsafe try withInput(plaintext) { input throws(OpenPGPError) in
        let bytes = unsafe try output(limit: EncryptedMessage.limit) { output throws(OpenPGPError) in
            var operation: OpaquePointer?
            unsafe try check(
                rnp.op_encrypt_create(&operation, handle.ffi, input, output), "rnp_op_encrypt_create")
            defer { _ = unsafe rnp.op_encrypt_destroy(operation) }
            unsafe try choose(operation, time)
            unsafe try check(
                rnp.op_encrypt_add_recipient(operation, key.pointer), "rnp_op_encrypt_add_recipient")
            if let signer = unsafe signer {
                unsafe try check(
                    rnp.op_encrypt_add_signature(operation, signer, nil), "rnp_op_encrypt_add_signature")
            }
            unsafe try check(rnp.op_encrypt_execute(operation), "rnp_op_encrypt_execute")
        }
        return String(decoding: bytes, as: UTF8.self)
    }
}

/// Everything that librnp would choose otherwise, or might in another version. No AEAD means integrity
/// protection by MDC, which every OpenPGP implementation reads.
private func choose(_ operation: OpaquePointer?, _ time: UInt64) throws(OpenPGPError) {
    unsafe try check(rnp.op_encrypt_set_armor(operation, true), "rnp_op_encrypt_set_armor")
    unsafe try check(rnp.op_encrypt_set_cipher(operation, "AES256"), "rnp_op_encrypt_set_cipher")
    unsafe try check(rnp.op_encrypt_set_aead(operation, "None"), "rnp_op_encrypt_set_aead")
    unsafe try check(rnp.op_encrypt_set_hash(operation, "SHA256"), "rnp_op_encrypt_set_hash")
    unsafe try check(
        rnp.op_encrypt_set_compression(operation, "Uncompressed", 0), "rnp_op_encrypt_set_compression")
    unsafe try check(
        rnp.op_encrypt_set_creation_time(operation, UInt32(clamping: time)),
        "rnp_op_encrypt_set_creation_time")
}
