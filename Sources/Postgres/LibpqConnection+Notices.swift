import Clibpq
import Logging

/// What the server says beside its answers.
struct Notice: Sendable {
    let severity: String
    let state: SQLState
    let message: String

    func log(to logger: Logger) {
        logger.debug(
            "notice of the server",
            metadata: [
                "severity": .string(severity), "sqlstate": .string(state.rawValue),
                "notice": .string(message),
            ])
    }
}

extension LibpqConnection {
    /// Takes notices away from stderr, libpq's default. The receiver is handed this object without owning it;
    /// it is called only from within libpq calls on this connection, which this object outlives. A result
    /// keeps the pointer, too, and would use it for an index out of range, which `ServerResult` never asks
    /// for.
    func receiveNotices() {
        let context = unsafe Unmanaged.passUnretained(self).toOpaque()
        unsafe PQsetNoticeReceiver(
            connection,
            { context, notice in
                guard let context = unsafe context, let notice = unsafe notice else { return }
                unsafe Unmanaged<LibpqConnection>.fromOpaque(context).takeUnretainedValue().receive(
                    notice: notice)
            },
            context)
    }

    /// libpq clears the notice itself.
    private func receive(notice: OpaquePointer) {
        let field = { (field: Diagnostic) -> String? in
            unsafe PQresultErrorField(notice, field.rawValue).map { unsafe String(cString: $0) }
        }
        let severity = field(.severity) ?? "NOTICE"
        let state = SQLState(rawValue: field(.state) ?? "00000")
        let notice = PostgresError(state, field(.message) ?? "")
        if severity == "FATAL" || severity == "PANIC" { terminationError = notice }
        guard logger.logLevel <= .debug, notices.count < Self.noticeLimit else { return }
        notices.append(Notice(severity: severity, state: state, message: notice.message))
    }

    /// So many of one exchange are kept for the log.
    private static let noticeLimit = 100

    /// What came since the last call.
    func takeNotices() -> [Notice] {
        guard !notices.isEmpty else { return [] }
        defer { notices = [] }
        return notices
    }
}
