import Crnp

/// Lends librnp bytes to read from; nothing is copied, and nothing may keep the input.
func withInput<T>(
    _ bytes: [UInt8], _ body: (OpaquePointer) throws(OpenPGPError) -> T
) throws(OpenPGPError) -> T {
    unsafe try bytes.withUnsafeBufferPointer { buffer throws(OpenPGPError) in
        // librnp takes no null pointer, also for no bytes.
        var none: UInt8 = 0
        return unsafe try withUnsafeMutablePointer(to: &none) { none throws(OpenPGPError) in
            var input: OpaquePointer?
            unsafe try check(
                rnp.input_from_memory(&input, buffer.baseAddress ?? UnsafePointer(none), buffer.count, false),
                "rnp_input_from_memory")
            defer { _ = unsafe rnp.input_destroy(input) }
            return unsafe try body(input!)
        }
    }
}

/// What librnp writes in `body`. Always memory, never a callback: on a failure nothing has got out.
///
/// `limit` is in bytes: writing more fails. The memory is cleared, for it may hold a secret.
func output(
    limit: Int, _ body: (OpaquePointer) throws(OpenPGPError) -> Void
) throws(OpenPGPError) -> [UInt8] {
    var output: OpaquePointer?
    unsafe try check(rnp.output_to_memory(&output, limit), "rnp_output_to_memory")
    defer { _ = unsafe rnp.output_destroy(output) }
    unsafe try body(output!)
    var bytes: UnsafeMutablePointer<UInt8>?
    var count = 0
    unsafe try check(rnp.output_memory_get_buf(output, &bytes, &count, false), "rnp_output_memory_get_buf")
    guard let bytes = unsafe bytes else { return [] }
    defer { unsafe rnp.buffer_clear(bytes, count) }
    return unsafe Array(UnsafeBufferPointer(start: bytes, count: count))
}

/// A string that librnp allocates in `get`; nil when it has none.
func string(_ get: (UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>) -> rnp_result_t) -> String? {
    var text: UnsafeMutablePointer<CChar>?
    guard QuietLibrary.during({ unsafe get(&text) }) == 0, let text = unsafe text else { return nil }
    defer { unsafe rnp.buffer_destroy(text) }
    return unsafe String(cString: text)
}
