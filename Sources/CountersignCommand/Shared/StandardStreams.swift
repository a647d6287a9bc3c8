import Foundation
import Glibc

/// Streams that were closed (`>&-`) are held by something that takes no output. What is opened next would get their numbers,
/// such as the connection with the server, and what is printed would go there.
struct StandardStreams {
    private let held: [FileHandle]

    init() {
        held = (STDIN_FILENO...STDERR_FILENO).filter { fcntl($0, F_GETFD) == -1 }.compactMap { _ in
            FileHandle(forReadingAtPath: "/dev/null")
        }
    }
}
