import Glibc

/// Runs the body with a port of 127.0.0.1 at which nobody listens, and which nobody else is given meanwhile.
///
/// A socket holds it that is bound and does not listen: the kernel passes such a port by when it chooses one for 127.0.0.1,
/// for all addresses, or for a connection. Who asks for this very port gets it, as servers do that set SO_REUSEADDR. A port
/// that was only let go went to another test's server at 0.0.0.0 once.
package func withIdlePort<T>(_ body: (Int) async throws -> T) async throws -> T {
    let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
    guard descriptor >= 0 else { throw IdlePortError(errno) }
    defer { close(descriptor) }
    var isReused: Int32 = 1
    unsafe setsockopt(
        descriptor, SOL_SOCKET, SO_REUSEADDR, &isReused, socklen_t(MemoryLayout<Int32>.size))
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_addr.s_addr = INADDR_LOOPBACK.bigEndian
    var size = socklen_t(MemoryLayout<sockaddr_in>.size)
    let result = unsafe withUnsafeMutablePointer(to: &address) { pointer in
        unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { address in
            let bound = unsafe bind(descriptor, address, size)
            return bound == 0 ? unsafe getsockname(descriptor, address, &size) : bound
        }
    }
    guard result == 0 else { throw IdlePortError(errno) }
    return try await body(Int(UInt16(bigEndian: address.sin_port)))
}

private struct IdlePortError: Error, CustomStringConvertible {
    let description: String

    init(_ code: Int32) { description = "no port: errno \(code)" }
}
