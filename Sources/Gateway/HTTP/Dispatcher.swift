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
        let path = (request.head.path ?? "").prefix { $0 != "?" }
        let segments = path.split(separator: "/", omittingEmptySubsequences: false).map {
            percentDecoded($0.utf8)
        }
        guard !segments.contains(nil) else { return Problem.notFound.response }
        let matching = endpoints.compactMap { endpoint in
            endpoint.match(segments.compactMap(\.self)).map { (endpoint, $0) }
        }
        guard let found = matching.first(where: { $0.0.method == request.method }) else {
            return refuse(matching.map(\.0)).response
        }
        let exchange = Exchange(
            request: request, parameters: found.1, address: proxies.client(of: request, context.address),
            logger: logger, bodyLimit: bodyLimit)
        return await answer(found.0, exchange)
    }

    private func refuse(_ others: [Endpoint]) -> Problem {
        if others.isEmpty { return .notFound }
        let allowed = Set(others.map(\.method.rawValue)).sorted().joined(separator: ", ")
        return Problem(
            .methodNotAllowed, "invalid_request", "this path allows \(allowed)", [.allow: allowed])
    }

    /// Logs the path's template only: the path itself may name a user.
    private func answer(_ endpoint: Endpoint, _ exchange: Exchange) async -> Response {
        let start = ContinuousClock.now
        let response: Response
        do {
            response = try await endpoint.handle(exchange)
        } catch {
            response = problem(error, endpoint, exchange).response
        }
        exchange.logger.debug(
            "answered",
            metadata: [
                "method": "\(endpoint.method)", "path": "\(endpoint.path)",
                "status": "\(response.status.code)",
                "client": "\(exchange.address ?? "-")", "duration": "\(start.duration(to: .now))",
            ])
        return response
    }

    private func problem(_ error: any Error, _ endpoint: Endpoint, _ exchange: Exchange) -> Problem {
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
        exchange.logger.error(
            "request failed",
            metadata: [
                "path": "\(endpoint.path)", "error": "\(failure.map { "\($0)" } ?? "\(type(of: error))")",
            ])
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
