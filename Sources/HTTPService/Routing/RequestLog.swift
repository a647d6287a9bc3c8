import Countersign
import Logging
import Postgres

/// One HTTP exchange in the log: the id that all its lines carry, and the line at its end.
struct RequestLog: Sendable {
    /// `X-Request-Id`, of the request and of the answer.
    let id: String
    private let context: LogContext
    private let logger: Logger
    private let start = ContinuousClock.now

    /// - Parameters:
    ///   - given: the client's `X-Request-Id`; taken when it is 1 to 128 letters, digits and `-._~+/=`, else one is made.
    ///   - traceparent: the header, if there is one.
    init(given: String?, traceparent: String?, logger: Logger) {
        id = given.flatMap { Self.isValid($0) ? $0 : nil } ?? Identifier.random().description
        var fields: Logger.Metadata = ["request_id": .string(id)]
        if let trace = traceparent.flatMap(TraceParent.init) {
            fields["trace_id"] = .string(trace.traceID)
            fields["span_id"] = .string(trace.spanID)
        }
        context = LogContext(fields)
        self.logger = logger
    }

    /// Runs what the exchange does: every line that is written meanwhile has its ids.
    @concurrent
    func tracing<T>(_ body: @concurrent () async throws -> T) async rethrows -> T {
        try await LogContext.$current.withValue(context, operation: body)
    }

    /// The line at the end. `route` is the path's template: the path itself may name a user.
    ///
    /// - Parameters:
    ///   - error: the code by which the answer says what is wrong.
    ///   - client: its address, told only where everything is: it may be a user's.
    func finished(
        _ method: String, _ route: String, status: Int, at level: Logger.Level = .info, error: String? = nil,
        client: String? = nil
    ) {
        guard logger.logLevel <= level else { return }
        var fields: Logger.Metadata = [
            "method": .string(method), "route": .string(route), "status": "\(status)",
            "ms": "\(milliseconds(start.duration(to: .now)))",
        ]
        if let error { fields["error"] = .string(error) }
        if let client, logger.logLevel <= .debug { fields["client"] = .string(client) }
        LogContext.$current.withValue(context) {
            logger.log(level: level, "request finished", metadata: fields)
        }
    }

    private static func isValid(_ text: String) -> Bool {
        (1...128).contains(text.utf8.count)
            && text.utf8.allSatisfy { byte in
                switch byte {
                case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                    UInt8(ascii: "0")...UInt8(ascii: "9"):
                    true
                default: "-._~+/=".utf8.contains(byte)
                }
            }
    }
}
