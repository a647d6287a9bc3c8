import Glibc

/// From the system's cryptographically secure random number generator, in one call of it. Swift's own
/// asks it for eight bytes at a time: for the secrets of codes that was half of what the issue stage's program took.
package func randomBytes(_ count: Int) -> [UInt8] {
    unsafe [UInt8](unsafeUninitializedCapacity: count) { buffer, filled in
        guard let start = buffer.baseAddress else { return }
        unsafe arc4random_buf(start, count)
        filled = count
    }
}
