import Countersign
import Hummingbird
import Logging
import NIOCore
import Postgres

/// Finds the endpoint of each request, and gives every failure an answer that tells no secret.
struct Dispatcher: HTTPResponder {
    let endpoints: [Endpoint]
    let proxies: TrustedProxies
    let bodyLimit: Int
    let logger: Logger

    func respond(to request: Request, context: GatewayContext) async throws -> Response {
        let log = RequestLog(
            given: request.headers[.xRequestID], traceparent: request.headers[.traceparent], logger: logger)
        let client = proxies.client(of: request, context.address)
        let answer = await log.tracing { await self.answer(request, client) }
        var response = answer.response
        response.headers[.xRequestID] = log.id
        let finish = { @Sendable [method = request.method.rawValue, status = response.status.code] in
            log.finished(
                method, answer.route, status: status, error: answer.error, client: client)
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

    private struct Answer: Sendable {
        let response: Response
        /// The path's template: the path itself may name a user.
        let route: String
        /// The code by which it says what is wrong.
        let error: String?

        init(_ response: Response, _ route: String) {
            (self.response, self.route, error) = (response, route, nil)
        }
        init(_ problem: Problem, _ route: String = "-") {
            (response, self.route, error) = (problem.response, route, problem.code)
        }
    }

    private func answer(_ request: Request, _ client: String?) async -> Answer {
        let path = (request.head.path ?? "").prefix { $0 != "?" }
        let segments = path.split(separator: "/", omittingEmptySubsequences: false).map {
            percentDecoded($0.utf8)
        }
        guard !segments.contains(nil) else { return Answer(.notFound) }
        let matching = endpoints.compactMap { endpoint in
            endpoint.match(segments.compactMap(\.self)).map { (endpoint, $0) }
        }
        guard let (endpoint, parameters) = matching.first(where: { $0.0.method == request.method }) else {
            return Answer(refuse(matching.map(\.0)), matching.first?.0.path ?? "-")
        }
        let exchange = Exchange(
            request: request, parameters: parameters, address: client, bodyLimit: bodyLimit)
        do {
            return Answer(try await endpoint.handle(exchange), endpoint.path)
        } catch {
            return Answer(problem(error), endpoint.path)
        }
    }

    private func refuse(_ others: [Endpoint]) -> Problem {
        if others.isEmpty { return .notFound }
        let allowed = Set(others.map(\.method.rawValue)).sorted().joined(separator: ", ")
        return Problem(
            .methodNotAllowed, "invalid_request", "this path allows \(allowed)", [.allow: allowed])
    }

    private func problem(_ error: any Error) -> Problem {
        switch error {
        case let problem as Problem: return problem
        case is PoolExhausted:
            return .unavailable("temporarily_unavailable", "too much is going on; try again")
        default: break
        }
        let failure = PostgresError(in: error)
        if failure?.state.rawValue.hasPrefix("22") == true {
            return .invalidRequest("a text holds what cannot be stored, such as a NUL character")
        }
        logger.error(
            "request failed", metadata: ["error": "\(failure.map { "\($0)" } ?? "\(type(of: error))")"])
        if failure != nil {
            return .unavailable("temporarily_unavailable", "the database did not answer; try again")
        }
        return Problem(.internalServerError, "server_error", "something went wrong")
    }
}

/// What the server knows of a request besides its text.
struct GatewayContext: RequestContext {
    var coreContext: CoreRequestContextStorage
    /// Of the other end of the connection.
    let address: SocketAddress?

    init(source: ApplicationRequestContextSource) {
        coreContext = .init(source: source)
        address = source.channel.remoteAddress
    }
}
