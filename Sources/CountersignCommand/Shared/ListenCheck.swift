import Glibc
import NIOCore
import NIOPosix

extension Failure {
    /// Looks whether a server could listen there, before anything else has begun: what fails later takes down
    /// everything that runs beside it, with lines of each. `flag` is what the address was given by.
    static func unlessFree(_ host: String, _ port: Int, flag: String) async throws {
        guard port != 0 else { return }
        do {
            let channel = try await ServerBootstrap(group: .singletonMultiThreadedEventLoopGroup)
                .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
                .bind(host: host, port: port).get()
            try await channel.close()
        } catch {
            throw Failure(error, at: host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)", flag: flag)
        }
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
