import Countersign
import Hummingbird
import Logging
import Tracing

/// Gives each exchange an id, a line and a place in the figures, and every failure an answer that tells no secret.
struct RequestLogging: RouterMiddleware {
    let configuration: HTTPServerConfiguration
    let logger: Logger

    @concurrent
    func handle(
        _ request: Request, context: ServiceContext,
        next: @concurrent (Request, ServiceContext) async throws -> Response
    ) async throws -> Response {
        let start = ContinuousClock.now
        let span = SpanTracer.current?.startSpan(
            request.method.rawValue, parent: request.headers[.traceparent], ofKind: .server)
        var context = context
        context.traceparent = span?.trace.text ?? request.headers[.traceparent]
        let log = RequestLog(
            given: request.headers[.xRequestID], traceparent: context.traceparent, logger: logger)
        context.client = configuration.proxies.client(
            peer: context.peer, forwarded: request.headers[values: .xForwardedFor])
        let (answer, code) = await log.tracing { [context] in await self.answer(request, context, next) }
        var response = answer
        response.headers[.xRequestID] = log.id
        let ending = Ending(
            method: request.method.rawValue, route: route(context), status: response.status.code,
            error: code, client: context.client?.description, start: start, span: span)
        guard response.body.contentLength == nil else {
            finish(log, ending)
            return response
        }
        // It is made while it is sent.
        let body = response.body
        response.body = ResponseBody { writer in
            defer { finish(log, ending) }
            let writer = writer
            try await log.tracing { try await body.write(writer) }
        }
        return response
    }

    private func answer(
        _ request: Request, _ context: ServiceContext,
        _ next: @concurrent (Request, ServiceContext) async throws -> Response
    ) async -> (Response, code: String?) {
        do {
            guard configuration.hosts?.allows(request.head.authority) ?? true else {
                throw Problem.misdirected
            }
            return (try await next(request, context), nil)
        } catch {
            let problem = Problem(error, logger)
            return (problem.response(configuration.errors), problem.code)
        }
    }

    fileprivate struct Ending: Sendable {
        let method: String
        let route: String
        let status: Int
        let error: String?
        let client: String?
        let start: ContinuousClock.Instant
        /// Nil while nobody collects spans.
        let span: RecordedSpan?
    }

    /// What machines ask for every few seconds is told at debug: it would bury the other lines.
    private func finish(_ log: RequestLog, _ ending: Ending) {
        let isProbe = configuration.probes.contains(ending.route) && ending.status < 400
        log.finished(
            ending.method, ending.route, status: ending.status, at: isProbe ? .debug : .info,
            error: ending.error, client: ending.client)
        configuration.meters?.answered(
            ending.method, ending.route, ending.status, ending.error, took: ending.start.duration(to: .now))
        if !isProbe { ending.span?.end(ending) }
    }

    /// The path's template: the path itself may name a user. `NotFound` is Hummingbird's name for none.
    private func route(_ context: ServiceContext) -> String {
        context.endpointPath.flatMap { $0 == "NotFound" ? nil : $0 } ?? "-"
    }
}

extension RecordedSpan {
    /// By the semantic conventions of OpenTelemetry, without the path, which may name a user.
    fileprivate func end(_ ending: RequestLogging.Ending) {
        operationName = "\(ending.method) \(ending.route)"
        updateAttributes { attributes in
            attributes["http.request.method"] = ending.method
            attributes["http.route"] = ending.route
            attributes["http.response.status_code"] = ending.status
            if let error = ending.error { attributes["error.type"] = error }
        }
        if ending.status >= 500 { setStatus(.init(code: .error)) }
        end()
    }
}
