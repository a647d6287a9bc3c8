import Crnp
import OpenPGPPackets

/// Opens a message to our secret key that the certificate has signed.
///
/// Both keys are in the handle of this one message: librnp looks for the signer where the secret key is.
func decrypt(
    _ armored: String, with secretKey: [UInt8], signedBy sender: Certificate, time: UInt64
) throws(MessageRefusal) -> [UInt8] {
    try decrypt(encryptedBytes(armored), with: secretKey, signedBy: sender, time: time)
}

func decrypt(
    _ message: [UInt8], with secretKey: [UInt8], signedBy sender: Certificate, time: UInt64
) throws(MessageRefusal) -> [UInt8] {
    guard MessagePackets.areCanonical(message) else { throw .malformed }
    guard let secret = try? SecretHandle(secretKey, time: time) else { throw .secretKey }
    let expected = secret.handle.publicKeyCount + sender.packets.keys.count
    // A sender's key that merges with ours would be neither.
    guard (try? secret.handle.importKeys(sender.packets.bytes, secret: false)) != nil,
        secret.handle.publicKeyCount == expected
    else { throw .signature(.key(.library)) }
    return try open(message, secret.handle, sender)
}

func encryptedBytes(_ armored: String) throws(MessageRefusal) -> [UInt8] {
    guard armored.utf8.count <= EncryptedMessage.limit else { throw .tooLarge(limit: EncryptedMessage.limit) }
    do throws(Armor.Fault) {
        return try Armor.decode(armored, .message)
    } catch {
        if case .damaged = error { throw .malformed }
        throw .notArmored
    }
}

private func open(
    _ message: [UInt8], _ handle: borrowing LibraryHandle, _ sender: Certificate
) throws(MessageRefusal) -> [UInt8] {
    // What holds until librnp has come to its end.
    var refusal: MessageRefusal? = .library
    // librnp gives no output of a message that fails, so that reading it fails too.
    let text = unsafe try? withInput(message) { input throws(OpenPGPError) in
        unsafe try output(limit: EncryptedMessage.limit) { output throws(OpenPGPError) in
            var operation: OpaquePointer?
            unsafe try check(
                rnp.op_verify_create(&operation, handle.ffi, input, output), "rnp_op_verify_create")
            refusal = unsafe VerifyOperation(operation!).refusal(by: sender)
        }
    }
    if let refusal { throw refusal }
    guard let text else { throw .library }
    return text
}

extension VerifyOperation {
    /// Runs the operation; nil when everything about the message is as it must be.
    fileprivate borrowing func refusal(by sender: Certificate) -> MessageRefusal? {
        let code = execute()
        do throws(MessageRefusal) {
            if let refusal = Self.failure(code) { throw refusal }
            try checkProtection()
            try checkSigner(sender)
            // Nothing of the signature was found wrong, and still librnp does not take it.
            return code == 0 ? nil : .signature(.wrong)
        } catch {
            return error
        }
    }

    /// A wrong signature is left to `checkSigner`, which knows more.
    private static func failure(_ code: Int) -> MessageRefusal? {
        switch code {
        case 0, RNP_ERROR_SIGNATURE_INVALID: nil
        case RNP_ERROR_OUT_OF_MEMORY, RNP_ERROR_WRITE: .tooLarge(limit: EncryptedMessage.limit)
        case RNP_ERROR_NO_SUITABLE_KEY, RNP_ERROR_DECRYPT_FAILED, RNP_ERROR_READ:
            .doesNotOpen
        default: .malformed
        }
    }

    private borrowing func checkProtection() throws(MessageRefusal) {
        var isValid = false
        var cipher: String?
        let mode = unsafe string { mode in
            var code: rnp_result_t = 0
            cipher = unsafe string { cipher in
                code = unsafe rnp.op_verify_get_protection_info(operation, mode, cipher, &isValid)
                return code
            }
            return code
        }
        guard let mode, let cipher else { throw .library }
        guard mode != "none" else { throw .notEncrypted }
        guard mode == "cfb-mdc" else { throw .noIntegrityProtection(mode: mode) }
        guard isValid else { throw .doesNotOpen }
        guard ["AES128", "AES192", "AES256"].contains(cipher) else { throw .weakCipher(cipher) }
    }

    private borrowing func checkSigner(_ sender: Certificate) throws(MessageRefusal) {
        do throws(SignatureRefusal) {
            try checkSignature(by: sender)
        } catch {
            throw .signature(error)
        }
    }
}
