import Glibc

/// Wakes a thread out of poll(2): a pair of sockets, as `Glibc` has neither eventfd(2) nor pipe2(2).
final class Bell: Sendable {
    /// Becomes readable when the bell rings.
    let descriptor: Int32
    private let button: Int32

    private static let type = Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue | SOCK_NONBLOCK.rawValue)

    /// Nil when the process has no file descriptors left.
    init?() {
        var ends: [2 of Int32] = [-1, -1]
        var span = ends.mutableSpan
        let code = unsafe span.withUnsafeMutableBufferPointer { ends in
            unsafe socketpair(AF_UNIX, Self.type, 0, ends.baseAddress)
        }
        guard code == 0 else { return nil }
        descriptor = ends[0]
        button = ends[1]
    }

    deinit {
        close(descriptor)
        close(button)
    }

    /// From any thread. A full buffer refuses the byte, and rings all the same.
    func ring() {
        var byte: UInt8 = 0
        _ = unsafe write(button, &byte, 1)
    }

    /// Takes what has been rung so far, up to 64 times at once; the bell goes on for the rest.
    func hush() {
        var bytes: [64 of UInt8] = .init(repeating: 0)
        var span = bytes.mutableSpan
        _ = unsafe span.withUnsafeMutableBufferPointer { bytes in
            unsafe read(descriptor, bytes.baseAddress, bytes.count)
        }
    }
}
