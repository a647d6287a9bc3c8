import Glibc
import NIOCore

extension Failure {
    /// Looks whether a server could listen there, before anything else has begun: what fails later takes down
    /// everything that runs beside it, with lines of each. `flag` is what the address was given by.
    ///
    /// Takes the address without listening there: who connected meanwhile would never be answered.
    static func unlessFree(_ host: String, _ port: Int, flag: String) throws {
        guard port != 0 else { return }
        do {
            try bindOnce(SocketAddress.makeAddressResolvingHost(host, port: port))
        } catch {
            throw Failure(error, at: host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)", flag: flag)
        }
    }

    private static func bindOnce(_ address: SocketAddress) throws {
        let family = address.protocol == .inet6 ? AF_INET6 : AF_INET
        let descriptor = socket(family, Int32(SOCK_STREAM.rawValue), 0)
        guard descriptor >= 0 else { throw IOError(errnoCode: errno, reason: "socket") }
        defer { close(descriptor) }
        // As the servers do: what is left of connections that have ended keeps nobody out.
        var isReused: Int32 = 1
        let size = socklen_t(MemoryLayout<Int32>.size)
        unsafe setsockopt(descriptor, SOL_SOCKET, SO_REUSEADDR, &isReused, size)
        let result = unsafe address.withSockAddr { unsafe bind(descriptor, $0, socklen_t($1)) }
        guard result == 0 else { throw IOError(errnoCode: errno, reason: "bind") }
    }

    private init(_ error: any Error, at place: String, flag: String) {
        switch (error as? IOError)?.errnoCode {
        case EADDRINUSE:
            self.init(
                .temporary,
                "cannot listen on \(place): the port is in use; stop who uses it, or change \(flag)")
        case EACCES, EPERM:
            self.init(.permission, "cannot listen on \(place): this user may not; change \(flag)")
        case EADDRNOTAVAIL, EAFNOSUPPORT:
            self.init(
                .configuration,
                "cannot listen on \(place): that is no address of this machine; change \(flag)")
        default:
            let isName = error is SocketAddressError.UnknownHost
            self.init(
                isName ? .configuration : .temporary,
                "cannot listen on \(place): \(isName ? "there is no such host" : "\(error)"); change \(flag)")
        }
    }
}
