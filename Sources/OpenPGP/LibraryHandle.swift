import Crnp
import Glibc

/// The owner of one `rnp_ffi_t`: two empty keyrings with the rules by which we judge signatures.
///
/// Every certificate gets a handle of its own. librnp merges what it imports into a key with the same
/// fingerprint, so that in one common keyring the subkeys and revocations of one enrollment would count for
/// another. A handle costs about 20 us and 4 KiB.
@safe struct LibraryHandle: ~Copyable {
    let ffi: OpaquePointer

    /// How far a device's clock may be ahead, or may have been when it made its key, in seconds.
    static let clockSkew: UInt64 = 300

    /// SHA-256 or better: all other hash functions librnp knows. It would still take SHA-1 from signatures
    /// that say they were made before 2024, which costs a forger nothing to say.
    static let weakHashes = ["MD5", "SHA1", "RIPEMD160", "SHA224", "SM3"]

    /// Takes the pointer over.
    private init(_ ffi: OpaquePointer) {
        unsafe self.ffi = ffi
    }

    /// `time` is librnp's own now, in seconds since 1970: it refuses what was made after that.
    static func make(time: UInt64) throws(OpenPGPError) -> LibraryHandle {
        var ffi: OpaquePointer?
        unsafe try check(rnp.ffi_create(&ffi, "GPG", "GPG"), "rnp_ffi_create")
        let handle = unsafe LibraryHandle(ffi!)
        try handle.setTime(time)
        for hash in weakHashes { try handle.prohibit(hash) }
        return handle
    }

    deinit {
        _ = unsafe rnp.ffi_destroy(ffi)
    }

    /// librnp's own now.
    func setTime(_ time: UInt64) throws(OpenPGPError) {
        unsafe try check(rnp.set_timestamp(ffi, time), "rnp_set_timestamp")
    }

    private func prohibit(_ hash: String) throws(OpenPGPError) {
        unsafe try check(
            rnp.add_security_rule(
                ffi, RNP_FEATURE_HASH_ALG, hash, UInt32(RNP_SECURITY_OVERRIDE), 0,
                UInt32(RNP_SECURITY_PROHIBITED)),
            "rnp_add_security_rule")
    }

    /// Strict: one packet that librnp does not take fails all.
    func importKeys(_ packets: [UInt8], secret: Bool) throws(OpenPGPError) {
        let kinds = secret ? RNP_LOAD_SAVE_PUBLIC_KEYS | RNP_LOAD_SAVE_SECRET_KEYS : RNP_LOAD_SAVE_PUBLIC_KEYS
        unsafe try withInput(packets) { input throws(OpenPGPError) in
            unsafe try check(rnp.import_keys(ffi, input, UInt32(kinds), nil), "rnp_import_keys")
        }
    }

    var publicKeyCount: Int {
        var count = 0
        return unsafe rnp.get_public_key_count(ffi, &count) == 0 ? count : 0
    }

    var secretKeyCount: Int {
        var count = 0
        return unsafe rnp.get_secret_key_count(ffi, &count) == 0 ? count : 0
    }

    /// The primary key, when there is exactly one.
    func primary() -> Key? {
        var iterator: OpaquePointer?
        guard unsafe rnp.identifier_iterator_create(ffi, &iterator, "fingerprint") == 0 else { return nil }
        defer { _ = unsafe rnp.identifier_iterator_destroy(iterator) }
        var fingerprint: UnsafePointer<CChar>?
        var primaries: [String] = []
        while unsafe rnp.identifier_iterator_next(iterator, &fingerprint) == 0, let found = unsafe fingerprint
        {
            let found = unsafe String(cString: found)
            if let key = key(found), key.isPrimary { primaries.append(found) }
        }
        return primaries.count == 1 ? key(primaries[0]) : nil
    }

    private func key(_ fingerprint: String) -> Key? {
        var key: OpaquePointer?
        guard unsafe rnp.locate_key(ffi, "fingerprint", fingerprint, &key) == 0, let key = unsafe key else {
            return nil
        }
        return unsafe Key(key)
    }
}

/// The system's time, in seconds since 1970.
func systemTime() -> UInt64 {
    UInt64(max(0, time(nil)))
}

/// Calls librnp, and throws unless it succeeds.
func check(_ call: @autoclosure () -> rnp_result_t, _ function: StaticString) throws(OpenPGPError) {
    let code = QuietLibrary.during(call)
    guard code == 0 else { throw .library(function: function.description, code: code) }
}
