import Crnp

extension KeyPair {
    /// Every choice is made here: librnp's own are RSA-2048, compression and an end after 2 years.
    init(userID: String, algorithm: Algorithm, time: UInt64) throws(OpenPGPError) {
        guard 1...128 ~= userID.utf8.count, !userID.utf8.contains(0) else { throw .invalidUserID }
        let handle = try LibraryHandle.make(time: time)
        let primary = try Self.primary(handle, userID, algorithm)
        let subkey = try Self.subkey(handle, primary, algorithm)
        if algorithm == .ed25519 { try Self.tweak(subkey) }
        fingerprint = primary.fingerprint
        publicKey = String(
            decoding: try primary.export(RNP_KEY_EXPORT_PUBLIC | RNP_KEY_EXPORT_ARMORED), as: UTF8.self)
        secretKey = try primary.export(RNP_KEY_EXPORT_SECRET)
    }

    private static func primary(
        _ handle: borrowing LibraryHandle, _ userID: String, _ algorithm: Algorithm
    ) throws(OpenPGPError) -> Key {
        var operation: OpaquePointer?
        unsafe try check(
            rnp.op_generate_create(&operation, handle.ffi, algorithm.signing), "rnp_op_generate_create")
        defer { _ = unsafe rnp.op_generate_destroy(operation) }
        for usage in ["certify", "sign"] { unsafe try add(usage, operation) }
        unsafe try check(rnp.op_generate_set_userid(operation, userID), "rnp_op_generate_set_userid")
        unsafe try check(rnp.op_generate_add_pref_hash(operation, "SHA256"), "rnp_op_generate_add_pref_hash")
        unsafe try check(
            rnp.op_generate_add_pref_cipher(operation, "AES256"), "rnp_op_generate_add_pref_cipher")
        unsafe try check(
            rnp.op_generate_add_pref_compression(operation, "Uncompressed"),
            "rnp_op_generate_add_pref_compression")
        return unsafe try execute(operation, algorithm)
    }

    private static func subkey(
        _ handle: borrowing LibraryHandle, _ primary: borrowing Key, _ algorithm: Algorithm
    ) throws(OpenPGPError) -> Key {
        var operation: OpaquePointer?
        unsafe try check(
            rnp.op_generate_subkey_create(&operation, handle.ffi, primary.pointer, algorithm.encryption),
            "rnp_op_generate_subkey_create")
        defer { _ = unsafe rnp.op_generate_destroy(operation) }
        unsafe try add("encrypt", operation)
        if algorithm == .ed25519 {
            unsafe try check(
                rnp.op_generate_set_curve(operation, "Curve25519"), "rnp_op_generate_set_curve")
        }
        return unsafe try execute(operation, algorithm)
    }

    private static func add(_ usage: String, _ operation: OpaquePointer?) throws(OpenPGPError) {
        unsafe try check(rnp.op_generate_add_usage(operation, usage), "rnp_op_generate_add_usage")
    }

    private static func execute(
        _ operation: OpaquePointer?, _ algorithm: Algorithm
    ) throws(OpenPGPError) -> Key {
        if algorithm == .rsa3072 {
            unsafe try check(rnp.op_generate_set_bits(operation, 3072), "rnp_op_generate_set_bits")
        }
        unsafe try check(rnp.op_generate_set_hash(operation, "SHA256"), "rnp_op_generate_set_hash")
        unsafe try check(rnp.op_generate_set_expiration(operation, 0), "rnp_op_generate_set_expiration")
        unsafe try check(rnp.op_generate_execute(operation), "rnp_op_generate_execute")
        var key: OpaquePointer?
        unsafe try check(rnp.op_generate_get_key(operation, &key), "rnp_op_generate_get_key")
        return unsafe Key(key!)
    }

    /// Sets the bits of the secret scalar as other implementations expect them. librnp would take it without.
    private static func tweak(_ subkey: borrowing Key) throws(OpenPGPError) {
        var isTweaked = false
        unsafe try check(
            rnp.key_25519_bits_tweaked(subkey.pointer, &isTweaked), "rnp_key_25519_bits_tweaked")
        guard !isTweaked else { return }
        unsafe try check(rnp.key_25519_bits_tweak(subkey.pointer), "rnp_key_25519_bits_tweak")
    }
}

extension KeyPair.Algorithm {
    fileprivate var signing: String { self == .ed25519 ? "EDDSA" : "RSA" }
    fileprivate var encryption: String { self == .ed25519 ? "ECDH" : "RSA" }
}

extension Key {
    /// With all subkeys. A pair has about 1 KiB, with RSA 4.
    fileprivate func export(_ flags: UInt32) throws(OpenPGPError) -> [UInt8] {
        unsafe try output(limit: 64 * 1024) { output throws(OpenPGPError) in
            unsafe try check(
                rnp.key_export(pointer, output, flags | UInt32(RNP_KEY_EXPORT_SUBKEYS)), "rnp_key_export")
        }
    }
}
