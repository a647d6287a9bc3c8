import Glibc

/// Wakes a thread out of poll(2): a pair of sockets, as `Glibc` has neither eventfd(2) nor pipe2(2).
package final class WakeupSocket: Sendable {
    /// Becomes readable when there is a signal.
    package let descriptor: Int32
    private let sender: Int32

    private static let type = Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue | SOCK_NONBLOCK.rawValue)

    /// Nil when the process has no file descriptors left.
    package init?() {
        var ends: [2 of Int32] = [-1, -1]
        var span = ends.mutableSpan
        let code = unsafe span.withUnsafeMutableBufferPointer { ends in
            unsafe socketpair(AF_UNIX, Self.type, 0, ends.baseAddress)
        }
        guard code == 0 else { return nil }
        descriptor = ends[0]
        sender = ends[1]
    }

    deinit {
        close(descriptor)
        close(sender)
    }

    /// From any thread. A full buffer refuses the byte, and then the descriptor is readable already.
    package func signal() {
        var byte: UInt8 = 0
        _ = unsafe write(sender, &byte, 1)
    }

    /// Takes up to 64 of the signals so far; the descriptor stays readable for the rest.
    package func clear() {
        var bytes: [64 of UInt8] = .init(repeating: 0)
        var span = bytes.mutableSpan
        _ = unsafe span.withUnsafeMutableBufferPointer { bytes in
            unsafe read(descriptor, bytes.baseAddress, bytes.count)
        }
    }
}
