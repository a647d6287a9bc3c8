import Clibpq
import Glibc
import Logging

/// The owner of one `PGconn`: sends, receives and keeps what the server has told beside the answers. Blocks
/// in poll(2) while it waits, so the waiting part runs on a thread of its own.
///
/// `@unchecked Sendable`: once made, it is reached only under the mutex of its `ConnectionThread`, by one thread at a
/// time.
@safe final class LibpqConnection: @unchecked Sendable {
    let connection: OpaquePointer
    let logger: Logger
    var prepared = StatementCache()
    /// What has been sent and not yet answered, in order.
    var sent: [SentRequest] = []
    /// Whether no transaction was open when it was sent.
    var wasIdle = true
    /// Received and not yet asked for.
    var notifications: [Notification] = []
    /// Received and not yet logged.
    var notices: [Notice] = []
    /// A FATAL error that arrived outside of any answer, where libpq takes it for a notice.
    var terminationError: PostgresError?
    /// Set by whoever has just seen that the socket is readable.
    var isReadable = false
    /// Set once the connection cannot be used any more; nothing is sent or received from then on.
    private(set) var isLost = false

    /// Connects; blocks for as long as `connect_timeout` allows. DNS and each address in turn are libpq's.
    init(_ options: ConnectionOptions) throws(PostgresError) {
        let keywords = try options.connectKeywords()
        guard let connection = unsafe withKeywords(keywords, { unsafe PQconnectdbParams($0, $1, 0) }) else {
            throw PostgresError(.cannotConnect, "out of memory")
        }
        unsafe self.connection = connection
        logger = options.logger
        guard unsafe PQstatus(connection) == CONNECTION_OK else {
            throw PostgresError(libpq: errorMessage, .cannotConnect)
        }
        unsafe PQsetnonblocking(connection, 1)
        // What comes while connecting, such as a warning about a collation's version, went to stderr: only
        // connecting in small steps could take it, and would lose the time limit for each of several hosts.
        receiveNotices()
    }

    deinit {
        unsafe PQfinish(connection)
    }

    var socket: Int32 { unsafe PQsocket(connection) }
    var processID: Int32 { unsafe PQbackendPID(connection) }
    var serverVersion: Int32 { unsafe PQserverVersion(connection) }
    var isIdle: Bool { unsafe PQtransactionStatus(connection) == PQTRANS_IDLE }
    /// Whether the server has said so by itself; some poolers do not pass it on.
    var isReadOnly: Bool { isOn("default_transaction_read_only") || isOn("in_hot_standby") }
    private func isOn(_ setting: String) -> Bool {
        unsafe PQparameterStatus(connection, setting).map { unsafe String(cString: $0) } == "on"
    }
    private var usesTLS: Bool { unsafe PQsslInUse(connection) != 0 }
    /// The server refuses everything but the end of the transaction.
    var hasFailedTransaction: Bool { unsafe PQtransactionStatus(connection) == PQTRANS_INERROR }

    /// `PQerrorMessage` is overwritten by the next call: copied at once.
    var errorMessage: String { unsafe String(cString: PQerrorMessage(connection)) }

    /// Gives the connection up, and returns what to throw: the server's own last words if there were any.
    func lose(_ error: PostgresError? = nil) -> PostgresError {
        isLost = true
        return terminationError ?? error ?? PostgresError(libpq: errorMessage)
    }
}

/// Waiting.
extension LibpqConnection {
    /// Writes all that libpq has queued, reading meanwhile: the server may be unable to go on until its
    /// answers are taken.
    func flush(until deadline: ContinuousClock.Instant? = nil) throws(PostgresError) {
        while true {
            switch unsafe PQflush(connection) {
            case 0: return
            case 1:
                let events = wait(for: POLLIN | POLLOUT, until: deadline)
                if events == 0 { throw loseUnanswered() }
                if events & Int16(POLLIN) != 0, !read() { throw lose() }
            default: throw lose()
            }
        }
    }

    /// The next result, or nil when the current answer is complete. Without a deadline the waiting is
    /// libpq's, which knows what OpenSSL has read ahead.
    func nextResult(until deadline: ContinuousClock.Instant? = nil) throws(PostgresError) -> ServerResult? {
        // A failure to read shows again in PQgetResult, after what had arrived before it, such as the reason.
        if isReadable { _ = read() }
        isReadable = false
        if deadline != nil { try waitForResult(until: deadline) }
        let result = unsafe PQgetResult(connection)
        collectNotifications()
        return unsafe result.map { unsafe ServerResult($0) }
    }

    private func waitForResult(until deadline: ContinuousClock.Instant?) throws(PostgresError) {
        while unsafe PQisBusy(connection) != 0 {
            guard wait(for: POLLIN, until: deadline) != 0 else { throw loseUnanswered() }
            guard read() else { return }
        }
    }

    /// Takes what has arrived; false when the connection is gone.
    ///
    /// One call may take a part of a TLS record (16 KiB at most) and leave the rest, half of it at most, to
    /// OpenSSL, where poll(2) does not see it: the second call takes that.
    private func read() -> Bool {
        (0..<(usesTLS ? 2 : 1)).allSatisfy { _ in unsafe PQconsumeInput(connection) == 1 }
    }

    /// Reads what has arrived while nothing was asked: notifications, notices, the end of the connection.
    func readPending() {
        guard !isLost else { return }
        var count: Int
        repeat {
            count = notifications.count
            if !read() { isLost = true }
            collectNotifications()
            // Over TLS there may be more, unseen by poll(2), as long as there is anything.
        } while !isLost && usesTLS && notifications.count > count
        for notice in takeNotices() { notice.log(to: logger) }
    }

    private func loseUnanswered() -> PostgresError {
        lose(PostgresError(.connectionFailure, "the server does not answer"))
    }

    /// Notifications come with any traffic. Their memory is libpq's.
    func collectNotifications() {
        while let notify = unsafe PQnotifies(connection) {
            let channel = unsafe String(cString: notify.pointee.relname)
            let payload = unsafe String(cString: notify.pointee.extra)
            let processID = unsafe notify.pointee.be_pid
            unsafe PQfreemem(notify)
            notifications.append(Notification(channel: channel, payload: payload, processID: processID))
        }
    }

    /// Blocks until one of the events happens; 0 when the deadline has come.
    private func wait(for events: Int32, until deadline: ContinuousClock.Instant?) -> Int16 {
        var descriptor = pollfd(fd: socket, events: Int16(events), revents: 0)
        while true {
            let ready = unsafe poll(&descriptor, 1, milliseconds(until: deadline))
            if ready > 0 { return descriptor.revents }
            if ready == 0 { return 0 }
            guard errno == EINTR else { return Int16(POLLERR) }
        }
    }
}

/// The timeout of poll(2), rounded up so that it never returns before the deadline; -1 waits for ever.
package func milliseconds(until deadline: ContinuousClock.Instant?) -> Int32 {
    guard let deadline else { return -1 }
    let (seconds, attoseconds) = ContinuousClock.now.duration(to: deadline).components
    let rounded = seconds * 1_000 + (attoseconds + 999_999_999_999_999) / 1_000_000_000_000_000
    return Int32(clamping: max(0, rounded))
}
