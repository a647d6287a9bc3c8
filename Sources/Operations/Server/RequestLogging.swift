import Countersign
import Hummingbird
import Logging

/// Gives each exchange an id and a line, and every failure an answer that tells nothing.
struct RequestLogging<Context: RequestContext>: RouterMiddleware {
    /// Machines ask for these every few seconds: a line each would bury the others.
    private static var probes: Set<String> { ["/healthz", "/readyz", "/metrics"] }

    let logger: Logger

    @concurrent
    func handle(
        _ request: Request, context: Context, next: @concurrent (Request, Context) async throws -> Response
    ) async throws -> Response {
        let log = RequestLog(
            given: request.headers[.xRequestID], traceparent: request.headers[.traceparent], logger: logger)
        var response = await log.tracing {
            do {
                return try await next(request, context)
            } catch {
                return answer(to: error, request, context)
            }
        }
        response.headers[.xRequestID] = log.id
        let route = context.endpointPath.flatMap { $0 == "NotFound" ? nil : Self.template($0) } ?? "-"
        let status = response.status.code
        let level: Logger.Level = Self.probes.contains(route) && status < 400 ? .debug : .info
        let finish = { @Sendable [method = request.method.rawValue] in
            log.finished(method, route, status: status, at: level)
        }
        guard response.body.contentLength == nil else {
            finish()
            return response
        }
        // It is made while it is sent.
        let body = response.body
        response.body = ResponseBody { writer in
            defer { finish() }
            let writer = writer
            try await log.tracing { try await body.write(writer) }
        }
        return response
    }

    /// `/console/{page}`, as everywhere else, of the router's `/console/:page`.
    private static func template(_ path: String) -> String {
        path.split(separator: "/", omittingEmptySubsequences: false)
            .map { $0.hasPrefix(":") ? "{\($0.dropFirst())}" : String($0) }.joined(separator: "/")
    }

    private func answer(to error: any Error, _ request: Request, _ context: Context) -> Response {
        if let error = error as? any HTTPResponseError,
            let response = try? error.response(from: request, context: context)
        {
            return response
        }
        logger.error("request failed", metadata: ["error": "\(type(of: error))"])
        return .plainError(.internalServerError, "Something went wrong; the log has the request's id.")
    }
}

extension HTTPFields.Element.Name {
    static let traceparent = Self("traceparent")!
    static let xRequestID = Self("X-Request-Id")!
}
