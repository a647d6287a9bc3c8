import Clibpq
import Synchronization

/// Ends what a session is doing on the server: for whoever is told to stop while it waits for an answer.
package struct Cancellation: Sendable {
    let thread: ConnectionThread

    /// Has nothing more sent, and the statement that runs ended on the server. Blocks while it connects for that. Without
    /// it the server goes on, with all its locks, until it has something to say or looks whether the client is there.
    package func callAsFunction() { thread.cancel() }
}

extension Connection {
    package var cancellation: Cancellation { Cancellation(thread: thread) }
}

/// What libpq needs to ask for the end of a session's statement, apart from the connection, which is in use then.
@safe final class CancelRequest: Sendable {
    private let request: Mutex<OpaquePointer?>

    /// Before the connection is used by anybody else.
    init(_ connection: LibpqConnection) {
        unsafe request = Mutex(PQgetCancel(connection.connection))
    }

    deinit {
        unsafe request.withLock { request in unsafe PQfreeCancel(request) }
    }

    func send() {
        unsafe request.withLock { request in
            var reason = [CChar](repeating: 0, count: 256)
            _ = unsafe PQcancel(request, &reason, Int32(reason.count))
        }
    }
}
