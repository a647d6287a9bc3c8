import Crnp

/// The owner of one key handle: a primary key or a subkey of one `LibraryHandle`, which must outlive it.
@safe struct Key: ~Copyable {
    let pointer: OpaquePointer

    /// Takes the handle over.
    init(_ pointer: OpaquePointer) {
        unsafe self.pointer = pointer
    }

    deinit {
        _ = unsafe rnp.key_handle_destroy(pointer)
    }

    /// 40 hex digits, in upper case.
    var fingerprint: String { unsafe string { unsafe rnp.key_get_fprint(pointer, $0) } ?? "" }

    var algorithm: String { unsafe string { unsafe rnp.key_get_alg(pointer, $0) } ?? "" }

    var curve: String? { unsafe string { unsafe rnp.key_get_curve(pointer, $0) } }

    var bits: Int {
        var bits: UInt32 = 0
        return unsafe rnp.key_get_bits(pointer, &bits) == 0 ? Int(bits) : 0
    }

    var hasSecret: Bool { unsafe flag(rnp.key_have_secret) }
    var isPrimary: Bool { unsafe flag(rnp.key_is_primary) }
    var isValid: Bool { unsafe flag(rnp.key_is_valid) }
    var isRevoked: Bool { unsafe flag(rnp.key_is_revoked) }
    var isExpired: Bool { unsafe flag(rnp.key_is_expired) }

    /// Only for keys with a secret part.
    var isProtected: Bool { unsafe flag(rnp.key_is_protected) }

    func allows(_ usage: String) -> Bool {
        var allowed = false
        return unsafe rnp.key_allows_usage(pointer, usage, &allowed) == 0 && allowed
    }

    /// Seconds since 1970; a subkey is not valid for longer than its primary. `isValid` is what was true when
    /// the key was imported, and stays true when it expires after that.
    var validUntil: UInt64 {
        var time: UInt64 = 0
        return unsafe rnp.key_valid_till64(pointer, &time) == 0 ? time : 0
    }

    var subkeyCount: Int {
        var count = 0
        return unsafe rnp.key_get_subkey_count(pointer, &count) == 0 ? count : 0
    }

    func subkey(_ index: Int) -> Key? {
        var key: OpaquePointer?
        guard unsafe rnp.key_get_subkey_at(pointer, index, &key) == 0, let key = unsafe key else {
            return nil
        }
        return unsafe Key(key)
    }

    /// The valid key of this certificate that librnp would use, or nil.
    func defaultKey(_ usage: String) -> Key? {
        var key: OpaquePointer?
        let code = QuietLibrary.during { unsafe rnp.key_get_default_key(pointer, usage, 0, &key) }
        guard code == 0, let key = unsafe key else { return nil }
        return unsafe Key(key)
    }

    private func flag(_ get: (OpaquePointer?, UnsafeMutablePointer<Bool>?) -> rnp_result_t) -> Bool {
        var flag = false
        return QuietLibrary.during { unsafe get(pointer, &flag) } == 0 && flag
    }
}
