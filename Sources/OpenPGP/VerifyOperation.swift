import Crnp

/// The owner of one `rnp_op_verify_t`, and the judgement of what it found.
@safe struct VerifyOperation: ~Copyable {
    let operation: OpaquePointer

    /// Takes the operation over.
    init(_ operation: OpaquePointer) {
        unsafe self.operation = operation
    }

    deinit {
        _ = unsafe rnp.op_verify_destroy(operation)
    }

    /// librnp's result; success says nothing of who signed, nor that anybody did.
    borrowing func execute() -> Int {
        Int(QuietLibrary.during { unsafe rnp.op_verify_execute(operation) })
    }

    /// Exactly one signature, right, of a binary document, with a good hash, by a key of `certificate` that is
    /// valid now.
    borrowing func checkSignature(
        by certificate: Certificate
    ) throws(SignatureRefusal) {
        var count = 0
        guard unsafe rnp.op_verify_get_signature_count(operation, &count) == 0 else { throw .library }
        guard count > 0 else { throw .none }
        guard count == 1 else { throw .several }
        var found: OpaquePointer?
        guard unsafe rnp.op_verify_get_signature_at(operation, 0, &found) == 0, let found = unsafe found
        else {
            throw .library
        }
        let status = unsafe Int(rnp.op_verify_signature_get_status(found))
        guard status != RNP_ERROR_KEY_NOT_FOUND else { throw .otherSigner(nil) }
        let signer = unsafe try Self.signer(found)
        guard certificate.maySign(signer) else { throw .signerNotValid }
        try Self.accept(status)
        unsafe try Self.checkKind(found)
    }

    private static func accept(_ status: Int) throws(SignatureRefusal) {
        switch status {
        case 0: return
        case RNP_ERROR_SIGNATURE_EXPIRED: throw .expired
        case RNP_ERROR_SIGNATURE_UNKNOWN: throw .malformed("librnp does not know its kind")
        default: throw .wrong
        }
    }

    private static func signer(_ found: OpaquePointer) throws(SignatureRefusal) -> String {
        var key: OpaquePointer?
        guard unsafe rnp.op_verify_signature_get_key(found, &key) == 0, let key = unsafe key else {
            throw .malformed("it names no key that librnp knows")
        }
        return unsafe Key(key).fingerprint
    }

    /// The same as `SignaturePacket` asks of a detached one, for signatures within a message.
    private static func checkKind(_ found: OpaquePointer) throws(SignatureRefusal) {
        var handle: OpaquePointer?
        guard unsafe rnp.op_verify_signature_get_handle(found, &handle) == 0 else { throw .library }
        defer { _ = unsafe rnp.signature_handle_destroy(handle) }
        let type = unsafe string { unsafe rnp.signature_get_type(handle, $0) }
        guard type == "binary" else { throw .notBinary(type: 1) }
        let hash = unsafe string { unsafe rnp.signature_get_hash_alg(handle, $0) } ?? "?"
        guard !LibraryHandle.weakHashes.contains(hash) else { throw .weakHash(2) }
    }
}
