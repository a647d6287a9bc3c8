import Crnp

extension Key {
    /// The weak hash of a signature about this key or its user IDs, for an explanation only: such a signature
    /// does not count.
    var weakHash: String? {
        signatures.first { LibraryHandle.weakHashes.contains($0.hash) }?.hash
    }

    typealias Found = (hash: String, isRight: Bool)

    /// About this key and its user IDs. One is right if its issuer is in this handle, and it has not expired.
    var signatures: [Found] {
        var all = unsafe Self.signatures(of: pointer, rnp.key_get_signature_count, rnp.key_get_signature_at)
        var count = 0
        guard unsafe rnp.key_get_uid_count(pointer, &count) == 0 else { return all }
        for index in 0..<count {
            var userID: OpaquePointer?
            guard unsafe rnp.key_get_uid_handle_at(pointer, index, &userID) == 0 else { continue }
            defer { _ = unsafe rnp.uid_handle_destroy(userID) }
            unsafe all += Self.signatures(of: userID, rnp.uid_get_signature_count, rnp.uid_get_signature_at)
        }
        return all
    }

    private static func signatures(
        of owner: OpaquePointer?,
        _ count: (OpaquePointer?, UnsafeMutablePointer<Int>?) -> rnp_result_t,
        _ get: (OpaquePointer?, Int, UnsafeMutablePointer<OpaquePointer?>?) -> rnp_result_t
    ) -> [Found] {
        var number = 0
        guard unsafe count(owner, &number) == 0 else { return [] }
        return (0..<number).compactMap { index in
            var signature: OpaquePointer?
            guard unsafe get(owner, index, &signature) == 0 else { return nil }
            defer { _ = unsafe rnp.signature_handle_destroy(signature) }
            guard let hash = unsafe string({ unsafe rnp.signature_get_hash_alg(signature, $0) }) else {
                return nil
            }
            return (hash, QuietLibrary.during { unsafe rnp.signature_is_valid(signature, 0) } == 0)
        }
    }
}
